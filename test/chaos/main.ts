import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { chaos, isGood, textOfReport } from './chaos.js';

/** `npm run chaos -- [--seed s] [--minutes 3 | --hours 8] [--vms 40] [--lanes 3] [--json]` */
const { values } = parseArgs({ options: {
  seed: { type: 'string', default: randomBytes(4).toString('hex') }, minutes: { type: 'string' }, hours: { type: 'string' },
  vms: { type: 'string', default: '40' }, lanes: { type: 'string', default: '3' }, json: { type: 'boolean', default: false },
} });
const minutes = values.hours === undefined ? Number(values.minutes ?? '3') : Number(values.hours) * 60;

const report = await chaos({ seed: values.seed, seconds: minutes * 60, vms: Number(values.vms), lanes: Number(values.lanes), say: (line) => { console.error(line); } });
console.log(values.json ? JSON.stringify(report, null, 2) : textOfReport(report));
process.exit(isGood(report) ? 0 : 1);
