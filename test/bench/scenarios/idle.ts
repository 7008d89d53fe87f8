import { pause } from '@vmdns/local';
import { BenchStack } from '../bench-stack.js';
import { DnsEye } from '../dns-eye.js';
import { short, total } from '../measure/numbers.js';
import { recordsOf, type BenchVm } from '../payload.js';
import { Publisher } from '../publisher.js';
import { atMost, type Figure } from '../report.js';
import type { BenchOptions, Scenario } from '../scenario.js';
import { untilAnswered } from '../watch.js';
import { cloneKnownVm } from './known-vms.js';

const MANY = 200_000;
const TEMPLATE: BenchVm = { vmId: 'known-vm-0', fqdn: 'known-vm-0.set0.bench.test', ip4: '10.222.222.222', ip6: '2001:db8::aaaa:bbbb' };
/** A whole minute holds one of each thing that is done by time. */
const MINUTE_MS = 60_000;

/** What one minute cost while nothing happened. */
interface Minute { readonly statements: number; readonly rows: number; readonly cpuMs: number; readonly byProcess: Readonly<Record<string, number>> }

/** IDLE: what a minute costs in which nothing happens, with one VM and with many. */
export const idle: Scenario = {
  id: 'IDLE', what: `a minute in which nothing happens, with 1 and with ${MANY / 1000}k VMs: transactions, rows read, CPU`,
  run: async (options) => {
    const vms = options.vms?.[0] ?? MANY;
    const { few, many } = await measure(options, vms);
    const note = (of: Minute): string => Object.entries(of.byProcess).map(([name, ms]) => `${name} ${short(ms)}`).join(', ');
    const ratio = (what: string, of: (minute: Minute) => number, unit: string): Figure => ({
      scenario: 'IDLE', what: `${what} a minute, ${vms / 1000}k VMs / 1`, value: of(many) / of(few), gate: atMost(1.5), goal: atMost(1.2), note: `${short(of(many))} ${unit}, with one ${short(of(few))} ${unit}`,
    });
    const figures: Figure[] = [
      ratio('transactions', (minute) => minute.statements, ''),
      ratio('rows read', (minute) => minute.rows, ''),
      { ...ratio('CPU of all processes', (minute) => minute.cpuMs, 'ms'), note: `${short(many.cpuMs)} ms (${note(many)}), with one ${short(few.cpuMs)} ms` },
    ];
    return { figures, details: { few, many } };
  },
};

async function measure(options: BenchOptions, vms: number): Promise<{ few: Minute; many: Minute }> {
  const stack = await BenchStack.start({ profile: options.profile });
  const eye = await DnsEye.open(stack.powerdns.dns);
  try {
    await stack.ready();
    // Not compared: that comes once a day, costs what the zone holds, and its first time would fall into the minute or delay it.
    await stack.takeZones([0], { reconcile: { everySeconds: 0 } });
    const publisher = new Publisher(await stack.natsConnection());
    const from = performance.now();
    await publisher.send(publisher.prepare([TEMPLATE]));
    await untilAnswered(eye, recordsOf(0, TEMPLATE), from, { withinMs: 60_000 });
    await stack.quiet();
    const few = await minute(stack);
    await cloneKnownVm(stack, TEMPLATE, vms - 1);
    await cloneOthers(stack, vms - 1);
    const many = await minute(stack);
    options.say(JSON.stringify({ few, many }));
    return { few, many };
  } finally {
    eye.close();
    await stack.stop();
  }
}

/** As many VMs and changes at inventory, names at the adapter; their texts need not be right, for nobody reads them. */
async function cloneOthers(stack: BenchStack, count: number): Promise<void> {
  const copies = [['inventory', 'vm', 'vm_id', `vm_id = '${TEMPLATE.vmId}'`], ['inventory', 'change', 'key', `key = '${TEMPLATE.vmId}'`], ['adapter_powerdns', 'name', 'owner_name', `owner_name = '${TEMPLATE.fqdn}.'`]] as const;
  for (const [schema, table, key, isTemplate] of copies) {
    const columns = await stack.query<{ name: string }>(
      `select quote_ident(column_name) as name from information_schema.columns where table_schema = $1 and table_name = $2 and is_generated = 'NEVER' and is_identity = 'NO' and column_name <> $3`, [schema, table, key]);
    const names = columns.map(({ name }) => name).join(', ');
    await stack.query(`insert into ${schema}.${table} (${key}, ${names}) select ${key} || '-' || n, ${names} from ${schema}.${table}, generate_series(1, $1::int) n where ${isTemplate}`, [count]);
    await stack.query(`vacuum analyze ${schema}.${table}`);
  }
  // The planner has read them.
  await stack.query('update planner.feed_cursor set cursor = (select max(sequence) from inventory.change) where name = $1', ['inventory']);
  await stack.query('checkpoint');
}

async function minute(stack: BenchStack): Promise<Minute> {
  const [before, cpuBefore] = [await counted(stack), stack.cpu()];
  await pause(MINUTE_MS);
  const [after, cpuAfter] = [await counted(stack), stack.cpu()];
  const byProcess = Object.fromEntries(Object.entries(cpuAfter).map(([name, us]) => [name, (us - (cpuBefore[name] ?? 0)) / 1000]));
  return { statements: after.transactions - before.transactions, rows: after.rows - before.rows, cpuMs: total(Object.values(byProcess)), byProcess };
}

async function counted(stack: BenchStack): Promise<{ transactions: number; rows: number }> {
  const [row] = await stack.query<{ transactions: number; rows: number }>(
    `select (xact_commit + xact_rollback)::float8 as transactions, (tup_returned + tup_fetched)::float8 as rows from pg_stat_database where datname = current_database()`);
  if (row === undefined) throw new Error('PostgreSQL counts nothing');
  return row;
}
