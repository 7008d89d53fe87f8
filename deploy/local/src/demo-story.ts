import { answers, answerText, DEMO, makeDemoZones, type Question } from './demo-zones.js';
import { dnsAsk } from './dns-ask.js';
import { field, type GatewayApi } from './gateway-api.js';
import type { PowerdnsServer } from './powerdns.js';
import { until } from './wait.js';

/** What the name server must say after a step: the values, or none. */
interface Expected extends Question { readonly values: readonly string[] }

interface Step {
  readonly title: string;
  act(gateway: GatewayApi): Promise<unknown>;
  readonly expected: readonly Expected[];
}

const SECOND = { ip4: '192.0.2.77', name4: '77.2.0.192.in-addr.arpa.' } as const;
const RENAMED = 'web.demo.vmdns.test';
const CUSTOMER = 'mail.customer.example';
const put = (gateway: GatewayApi, fqdn: string, ip4: string): Promise<unknown> => gateway.call('PUT', `/v1/vms/${DEMO.vmId}`, { fqdn, addresses: [{ ip: ip4 }, { ip: DEMO.ip6 }] });

/** A VM's life, and what everybody must be able to look up at each point of it. */
export const STORY: readonly Step[] = [
  {
    title: `create ${DEMO.fqdn} with ${DEMO.ip4} and ${DEMO.ip6}`,
    act: (gateway) => put(gateway, DEMO.fqdn, DEMO.ip4),
    expected: [...forward(DEMO.fqdn, DEMO.ip4), ptr4(DEMO.name4, DEMO.fqdn), ptr6(DEMO.fqdn)],
  },
  {
    title: `re-address: ${DEMO.ip4} becomes ${SECOND.ip4}`,
    act: (gateway) => put(gateway, DEMO.fqdn, SECOND.ip4),
    expected: [...forward(DEMO.fqdn, SECOND.ip4), ptr4(DEMO.name4), ptr4(SECOND.name4, DEMO.fqdn), ptr6(DEMO.fqdn)],
  },
  {
    title: `rename: ${DEMO.fqdn} becomes ${RENAMED}`,
    act: (gateway) => put(gateway, RENAMED, SECOND.ip4),
    expected: [...forward(DEMO.fqdn), ...forward(RENAMED, SECOND.ip4), ptr4(SECOND.name4, RENAMED), ptr6(RENAMED)],
  },
  {
    title: `the customer's own PTR: ${SECOND.ip4} is ${CUSTOMER}`,
    act: (gateway) => gateway.call('PUT', `/v1/vms/${DEMO.vmId}/addresses/${SECOND.ip4}/ptr`, { hostname: CUSTOMER }),
    expected: [...forward(RENAMED, SECOND.ip4), ptr4(SECOND.name4, CUSTOMER), ptr6(RENAMED)],
  },
  {
    title: 'the PTR back to its default',
    act: (gateway) => gateway.call('PUT', `/v1/vms/${DEMO.vmId}/addresses/${SECOND.ip4}/ptr`, { hostname: null }),
    expected: [ptr4(SECOND.name4, RENAMED), ptr6(RENAMED)],
  },
  {
    title: 'delete the VM',
    act: (gateway) => gateway.call('DELETE', `/v1/vms/${DEMO.vmId}`),
    expected: [...forward(RENAMED), ptr4(SECOND.name4), ptr6()],
  },
];

function forward(fqdn: string, ip4?: string): readonly Expected[] {
  return [
    { name: `${fqdn}.`, type: 'A', values: ip4 === undefined ? [] : [ip4] },
    { name: `${fqdn}.`, type: 'AAAA', values: ip4 === undefined ? [] : [DEMO.ip6] },
  ];
}

function ptr4(name: string, target?: string): Expected {
  return { name, type: 'PTR', values: target === undefined ? [] : [`${target}.`] };
}

function ptr6(target?: string): Expected {
  return ptr4(DEMO.name6, target);
}

/** Tells the story; gives the number of steps after which the name server said something else. */
export async function tellStory(gateway: GatewayApi, powerdns: PowerdnsServer, say: (line: string) => void): Promise<number> {
  await makeDemoZones(gateway, powerdns);
  let wrong = 0;
  for (const [i, step] of STORY.entries()) {
    say(`\n${i + 1}. ${step.title}`);
    const startedAt = Date.now();
    const stored = await step.act(gateway);
    const state = await settled(gateway, Number(field(stored, 'revision')));
    const isRight = await matches(powerdns, step.expected);
    for (const line of await answers(powerdns, step.expected)) say(`   ${line}`);
    say(`   ${isRight ? 'right' : 'WRONG'}; vmdns says ${state}, after ${Date.now() - startedAt} ms`);
    if (isRight) continue;
    wrong += 1;
    for (const expected of step.expected) say(`   expected: ${answerText(expected, { status: 'NXDOMAIN', values: expected.values, ttl: undefined, authoritative: true })}`);
  }
  return wrong;
}

/** `live` or `gone` for the revision, or whatever it is when waiting is over. */
async function settled(gateway: GatewayApi, revision: number): Promise<string> {
  let state = 'unknown';
  await until(async () => {
    const dns = await gateway.call('GET', `/v1/vms/${DEMO.vmId}/dns?revision=${revision}&wait=10s`);
    state = String(field(dns, 'state'));
    return field(dns, 'live') === true || state === 'gone' || state === 'attention';
  }, { withinMs: 30_000, everyMs: 100, what: 'the VM to be live' }).catch(() => undefined);
  return state;
}

/** An answer counts when it is right once vmdns calls it live: nobody gets a second chance here. */
async function matches(powerdns: PowerdnsServer, expected: readonly Expected[]): Promise<boolean> {
  const found = await Promise.all(expected.map((one) => dnsAsk(powerdns.dns, one.name, one.type)));
  return expected.every((one, i) => JSON.stringify(found[i]?.values ?? []) === JSON.stringify(one.values));
}
