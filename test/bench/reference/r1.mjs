import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { patch } from './patch.mjs';

/*
 * R1: raw batched PATCH, 1,000 RRsets a call, zones one by one. A line on standard input names a payload file
 * ([{zone, rrsets}]); `go` sends it; each line out is {status counts, milliseconds, cpu}.
 */
const server = { port: Number(process.env.PDNS_PORT), apiKey: process.env.PDNS_KEY };
const BATCH = Number(process.env.BATCH ?? 1000);

let payload = [];
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'go') {
    payload = JSON.parse(readFileSync(line, 'utf8'));
    console.log('{"loaded":true}');
    continue;
  }
  const statuses = {};
  const cpu = process.cpuUsage();
  const from = performance.now();
  for (const { zone, rrsets } of payload) {
    for (let at = 0; at < rrsets.length; at += BATCH) {
      const status = await patch(server, zone, rrsets.slice(at, at + BATCH));
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  }
  const ms = performance.now() - from;
  const used = process.cpuUsage(cpu);
  console.log(JSON.stringify({ statuses, ms, cpuUs: used.user + used.system }));
}
