import type { Rrset } from '@vmdns/domain';
import { disabledOf } from '../port/disabled.js';
import { ProviderError } from '../port/provider-error.js';
import type { ExpectedAnswer, RrsetChange, WrongAnswer } from '../port/provider.js';
import type { TurnReason, TurnReasonCode, TurnReport } from './turn.js';

const SHOWN_VALUES = 4;

/** `192.0.2.1 (TTL 300)`, long RRsets cut short. */
export function contentOf(rrset: Rrset): string {
  const shown = rrset.values.slice(0, SHOWN_VALUES).join(', ');
  const more = rrset.values.length - SHOWN_VALUES;
  return `${shown}${more > 0 ? ` and ${more} more` : ''} (TTL ${rrset.ttl})`;
}

/** Both sides told, and what to do (L4). */
export function foreignRecord(wanted: Rrset, held: Rrset): TurnReason {
  const off = disabledOf(held.type);
  if (off === undefined) {
    return {
      code: 'foreign-record',
      text: `${held.name} ${held.type} already exists as ${contentOf(held)}, which vmdns did not write; wanted is ${contentOf(wanted)}. It was left as it is.`,
      hint: 'Remove that record at the provider, give the VM another name, or take it over (vmdns record adopt <name>); until then it stays untouched.',
    };
  }
  // What a ledger remembers of such a record is that it is there, not what it says.
  const content = held.values.length === 0 ? '' : ` (${contentOf(held)})`;
  return {
    code: 'foreign-record',
    text: `${held.name} ${off} exists at the provider, switched off (disabled)${content}, and vmdns did not write it; wanted is ${contentOf(wanted)}. It was left as it is.`,
    hint: 'Remove the disabled record at the provider, or give the VM another name; until then it stays untouched.',
  };
}

export const cnameConflict = (wanted: Rrset, held: Rrset): TurnReason => ({
  code: 'cname-conflict',
  text: `${wanted.name} has ${held.type} ${contentOf(held)}, which vmdns did not write; wanted is ${wanted.type} ${contentOf(wanted)}, and a CNAME stands alone at its name.`,
  hint: 'Remove one of the two: the record at the provider, or the wish.',
});

export const driftReport = (held: Rrset, wanted: Rrset | undefined): TurnReport => ({
  kind: 'drift', name: held.name, type: held.type,
  text: `${held.name} ${held.type} was changed to ${contentOf(held)} by somebody else; vmdns owns it and ${wanted === undefined ? 'removes it' : `puts ${contentOf(wanted)}`}.`,
});

export const vanishedReport = (wanted: Rrset): TurnReport => ({
  kind: 'drift', name: wanted.name, type: wanted.type,
  text: `${wanted.name} ${wanted.type} was removed by somebody else; vmdns owns it and puts ${contentOf(wanted)}.`,
});

export const switchedOffReport = (held: Rrset, wanted: Rrset | undefined): TurnReport => ({
  kind: 'drift', name: held.name, type: held.type,
  text: `${held.name} ${held.type} ${contentOf(held)} was switched off (disabled) at the provider by somebody else; vmdns owns it and ${wanted === undefined ? 'removes it' : `puts ${contentOf(wanted)}`}.`,
});

export const changeSentence = (change: RrsetChange): string => (change.kind === 'remove'
  ? `remove ${change.name} ${change.type}`
  : `put ${change.rrset.name} ${change.rrset.type} ${contentOf(change.rrset)}`);

export const denied = (text: string, hint?: string): TurnReason => ({ code: 'refused-by-provider', text, ...(hint === undefined ? {} : { hint }) });

const CODES: Readonly<Record<ProviderError['kind'], TurnReasonCode>> = {
  retry: 'provider-unreachable', throttled: 'throttled', conflict: 'provider-unreachable', refused: 'refused-by-provider',
  credentials: 'credentials', 'missing-zone': 'zone-missing', 'zone-full': 'zone-full',
};

const HINTS: Readonly<Record<ProviderError['kind'], string>> = {
  retry: 'vmdns tries again by itself; check that the provider is up and can be reached from here.',
  throttled: 'vmdns waits as long as the provider asks and goes on by itself.',
  conflict: 'The zone changes while vmdns writes; it tries again by itself.',
  refused: "Mend what the provider's words name; the next change of this name is tried at once.",
  credentials: 'Check the key and its rights, then set the secret of the connection again.',
  'missing-zone': 'Create the zone at the provider, or remove it from vmdns; vmdns never creates zones.',
  'zone-full': 'Raise the limit at the provider, or remove records; removals still go through.',
};

/** A provider's failure as a name's reason. */
export function reasonOf(error: ProviderError): TurnReason {
  return { code: CODES[error.kind], text: `${sentence(error.message)}`, hint: error.detail.hint ?? HINTS[error.kind] };
}

const sentence = (text: string): string => (text.endsWith('.') ? text : `${text}.`);

export function unconfirmed(wrong: WrongAnswer): TurnReason {
  const { name, type } = wrong.expected;
  return {
    code: 'unconfirmed',
    text: `${name} ${type} was written as ${wishOf(wrong.expected)}, but the name server answers: ${wrong.answered}.`,
    hint: wrong.hint ?? 'vmdns asks again by itself. If it stays so: is the name server the one that serves this zone, and does it load it?',
  };
}

const wishOf = (expected: ExpectedAnswer): string => (expected.values.length === 0 ? 'gone' : expected.values.join(', '));

export const inDoubt = (why: string): TurnReason => ({
  code: 'unconfirmed', text: `${sentence(why)} It is not known whether the change was applied; vmdns reads the name before it writes again.`,
});

/** What another program threw, as a ProviderError: an adapter must throw nothing else, and the engine stands it nevertheless. */
export function providerErrorOf(error: unknown, attempt: string): ProviderError {
  if (error instanceof ProviderError) return error;
  return new ProviderError('retry', `${attempt}: the adapter failed (${error instanceof Error ? error.name : typeof error})`, { cause: error, inDoubt: true });
}

/** After a write that was answered as done, the provider holds something else: both sides told. */
export function notAsWritten(changes: readonly RrsetChange[], held: readonly Rrset[], isUnproven: boolean): TurnReason {
  const sides = changes.map((change) => {
    const there = held.find((rrset) => rrset.type === (change.kind === 'put' ? change.rrset.type : change.type));
    return `${changeSentence(change)}, but there is ${there === undefined ? 'nothing' : contentOf(there)}`;
  });
  return isUnproven
    ? { code: 'unconfirmed', text: `The provider answered as if it were done and it is not: ${sides.join('; ')}.`, hint: "Look into the provider's own log; vmdns tries again by itself." }
    : { code: 'unconfirmed', text: `Somebody else wrote again while vmdns did: ${sides.join('; ')}.`, hint: 'Find out who else writes this zone; vmdns tries again by itself.' };
}
