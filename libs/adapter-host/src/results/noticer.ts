import { cloudEvent, type Bus } from '@vmdns/bus';
import { adapterService, type NoticeEvent, type Reason, subjects } from '@vmdns/contracts';
import type { Clock } from '@vmdns/chassis';
import type { TurnReport } from '@vmdns/provider-kit';
import type { Host } from '../host.js';
import type { Claim } from '../lanes/claim.js';
import { textsOf } from './outcome.js';

type Notice = NoticeEvent['data'];

/** Reports of one turn that are told one by one; who rewrote a whole zone is told of in one sentence more. */
const TOLD_MAX = 20;
const NAMED_MAX = 5;

/** Tells people, in the module log, when a zone was not as expected: what nobody can prevent is at least noticed (PROTOCOL §6). */
export class Noticer {
  constructor(private readonly host: Host, private readonly bus: Pick<Bus, 'post'>, private readonly clock: Clock) {}

  /** What the engine met in a turn. */
  reported(claim: Claim, reports: readonly TurnReport[]): void {
    if (reports.length === 0) return;
    const vmsOf = new Map(claim.names.map((row) => [row.name, row.vmsJson]));
    const told = reports.slice(0, TOLD_MAX).map(({ kind, name, text }) => this.noticeOf(claim, kind, text, name === undefined ? {} : { name, vms: textsOf(vmsOf.get(name) ?? '[]') }));
    const rest = reports.length - told.length;
    const more = rest > 0 ? [this.noticeOf(claim, 'drift', `as much was met ${rest} times more in the same turn`)] : [];
    this.say([...told, ...more]);
  }

  /** Names that a reading of the whole zone found changed or gone. */
  drifted(claim: Claim, names: readonly string[]): void {
    if (names.length === 0) return;
    const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : '';
    const [only] = names;
    const text = `what vmdns wrote was changed or removed by somebody else at ${names.slice(0, NAMED_MAX).join(', ')}${more}; it is put right with the next change of each name`;
    this.say([this.noticeOf(claim, 'drift', text, names.length === 1 && only !== undefined ? { name: only } : {})]);
  }

  /** What a comparison of the whole zone found. */
  compared(zone: { readonly apex: string; readonly zoneId: string }, fault: Reason | null, broken: readonly string[]): void {
    if (fault !== null) this.say([this.noticeOf({ zone }, 'drift', `${fault.text}${fault.hint === undefined ? '' : ` ${fault.hint}`}`)]);
    if (broken.length === 0) return;
    const more = broken.length > NAMED_MAX ? ` and ${broken.length - NAMED_MAX} more` : '';
    const [only] = broken;
    this.say([this.noticeOf({ zone }, 'drift', `what vmdns wrote was changed or removed by somebody else at ${broken.slice(0, NAMED_MAX).join(', ')}${more}; it is being put right`, broken.length === 1 && only !== undefined ? { name: only } : {})]);
  }

  private noticeOf({ zone }: { readonly zone: Pick<Claim['zone'], 'apex' | 'zoneId'> }, code: string, text: string, about: Pick<Notice, 'name' | 'vms'> = {}): Notice {
    return { service: adapterService(this.host.provider), code, text, at: this.clock.now().toISOString(), zone: zone.apex, zoneId: zone.zoneId, provider: this.host.provider, ...about };
  }

  private say(notices: readonly Notice[]): void {
    if (notices.length === 0) return;
    this.bus.post(notices.map((notice) => ({
      subject: subjects.notice.of(notice.service), event: cloudEvent('vmdns.fact.ignored.v1', this.host.source, notice, { time: notice.at }),
    })));
  }
}
