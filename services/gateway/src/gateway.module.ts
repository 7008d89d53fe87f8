import { Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR } from '@nestjs/core';
import { Clock, CONFIG, Deeds } from '@vmdns/chassis';
import { ConnectionController } from './api/connection.controller.js';
import { Connections } from './api/connections.js';
import { DeadLetterController } from './api/dead-letter.controller.js';
import { DescriptionController } from './api/description.controller.js';
import { DatabaseClock } from './api/database-clock.js';
import { EventController } from './api/event.controller.js';
import { Events } from './api/events.js';
import { Facts } from './api/facts.js';
import { Holds } from './api/holds.js';
import { LogController } from './api/log.controller.js';
import { OperationController } from './api/operation.controller.js';
import { PlanController } from './api/plan.controller.js';
import { Plans } from './api/plans.js';
import { Services } from './api/services.js';
import { SessionController } from './api/session.controller.js';
import { Snapshots } from './api/snapshots.js';
import { SourceController } from './api/source.controller.js';
import { TenantController } from './api/tenant.controller.js';
import { TokenController } from './api/token.controller.js';
import { VmController } from './api/vm.controller.js';
import { ZoneController } from './api/zone.controller.js';
import { Zones } from './api/zones.js';
import { Audit } from './audit/audit.js';
import { AuditTable } from './audit/audit.table.js';
import { LegacyController } from './bridges/legacy.controller.js';
import type { Config } from './config.js';
import { AnswerInterceptor } from './http/answer.js';
import { ProblemFilter } from './http/problem.filter.js';
import { DnsWait } from './live/dns-wait.js';
import { Leaving } from './live/leaving.js';
import { TestStream } from './live/test-stream.js';
import { LogStream } from './live/log-stream.js';
import { AnnouncedProviders } from './sealing/announced-providers.js';
import { Doubt } from './sign-in/doubt.js';
import { LostDeeds, SignInTables } from './sign-in/lost-deeds.js';
import { LOOK_UP_MS, SessionDesk } from './sign-in/session-desk.js';
import { SessionTable } from './sign-in/session.table.js';
import { SignIn } from './sign-in/sign-in.js';
import { TokenDesk } from './sign-in/token-desk.js';
import { TokenTable } from './sign-in/token.table.js';

@Module({
  controllers: [VmController, EventController, SourceController, PlanController, ConnectionController, ZoneController, OperationController, LogController, DeadLetterController, TenantController, TokenController, SessionController, LegacyController, DescriptionController],
  providers: [
    Services, DatabaseClock, Facts, Events, Snapshots, Plans, Connections, Zones, Holds, DnsWait, LogStream, TestStream, Leaving, AnnouncedProviders, TokenTable, TokenDesk, SessionTable, SessionDesk, Audit, AuditTable, Deeds.provider, Doubt, SignInTables, LostDeeds,
    {
      provide: SignIn, inject: [TokenTable, CONFIG, Clock],
      useFactory: (table: TokenTable, config: Config, clock: Clock) =>
        new SignIn(table, { freshMs: config.TOKEN_FRESH_SECONDS * 1000, keptMs: config.TOKEN_KEPT_SECONDS * 1000, lookUpMs: LOOK_UP_MS }, () => clock.now().getTime()),
    },
    { provide: APP_INTERCEPTOR, useClass: AnswerInterceptor },
    { provide: APP_FILTER, useClass: ProblemFilter },
  ],
})
export class GatewayModule {}
