import { askDnsServer, type DnsServer, type TestStep, type ZonePort } from '@vmdns/provider-kit';

type Verdict = Omit<TestStep, 'step' | 'tookMs'>;

const isReverse = (apex: string): boolean => apex.endsWith('.in-addr.arpa.') || apex.endsWith('.ip6.arpa.');

/** The name servers that the zone itself names at its apex. */
export async function nameServersOf(port: ZonePort, apex: string, signal: AbortSignal): Promise<readonly string[]> {
  const { held } = await port.readNames([apex], signal);
  return (held.get(apex) ?? []).find((rrset) => rrset.type === 'NS')?.values ?? [];
}

export function judgeNameServers(apex: string, names: readonly string[]): Verdict {
  if (names.length > 0) return { ok: true, text: `${apex} names ${names.join(', ')} as its name servers.` };
  return { ok: true, warning: true, text: `${apex} names no name server at its apex.`, hint: 'A zone needs NS records; add them at the provider.' };
}

/** Whether the world is led to these name servers: what the parent's delegation gives, asked through a resolver. */
export async function testDelegation(resolver: DnsServer | undefined, apex: string, names: readonly string[], signal: AbortSignal): Promise<Verdict> {
  if (resolver === undefined) return { ok: true, text: 'skipped: no resolver is configured for this adapter, so nobody was asked who serves the zone.', hint: 'Set DNS_RESOLVER to host:port of a resolver to have it tested.' };
  const [answer] = await askDnsServer(resolver, [{ name: apex, type: 'NS' }], signal, { timeoutMs: 2500, tries: 2, recurse: true });
  const at = `${resolver.host}:${resolver.port}`;
  if (answer === undefined || answer.kind === 'silent') return { ok: true, warning: true, text: `The resolver ${at} gave no answer, so the delegation is not known.`, hint: 'Check DNS_RESOLVER of this adapter.' };
  if (answer.values.length === 0) {
    return {
      ok: true, warning: true, text: `Nobody is led to ${apex}: the resolver ${at} finds no delegation (${answer.rcode}). Records are written, and the world does not see them.`,
      hint: isReverse(apex) ? `Ask whoever gave you these addresses (your registry or upstream) to delegate ${apex} to ${names.join(', ') || 'your name servers'}.` : `At the registrar, delegate ${apex} to ${names.join(', ') || 'your name servers'}.`,
    };
  }
  const missing = answer.values.filter((value) => !names.includes(value));
  if (missing.length === 0) return { ok: true, text: `The world is led to ${answer.values.join(', ')}.` };
  return {
    ok: true, warning: true, text: `The world is led to ${answer.values.join(', ')}, but the zone here names ${names.join(', ') || 'none'}.`,
    hint: 'If that is another server, what vmdns writes here is not seen: delegate the zone to this one, or give vmdns the one that is asked.',
  };
}
