import { describe, expect, it } from '@jest/globals';
import { rrsetDigest, type Rrset } from '@vmdns/domain';
import { rr } from '../testing/contract/story.js';
import { intentDigests, planName } from './name-plan.js';
import { changeSentence } from './sentences.js';
import type { DueName } from './turn.js';

const NAME = 'vm1.example.com.';
const a = (...values: string[]): Rrset => rr(NAME, 'A', 300, ...values);
const cname = (target: string): Rrset => rr(NAME, 'CNAME', 300, target);
const mx = rr(NAME, 'MX', 300, '10 mail.example.com.');
const owns = (...rrsets: readonly Rrset[]): Record<string, string> => Object.fromEntries(rrsets.map((rrset) => [rrset.type, rrsetDigest(rrset)]));

interface Case {
  readonly when: string;
  readonly held: readonly Rrset[] | null;
  readonly due: Partial<DueName>;
  readonly does: readonly string[];
  readonly refused?: string;
  readonly owns?: readonly string[];
  readonly foreign?: readonly string[] | null;
  readonly drift?: number;
}

const PUT = 'put vm1.example.com. A 192.0.2.1 (TTL 300)', REMOVE = 'remove vm1.example.com. A';

const CASES: readonly Case[] = [
  { when: 'nothing is there, and A is wanted', held: [], due: { wanted: [a('192.0.2.1')] }, does: [PUT], owns: [], foreign: [] },
  { when: 'nothing is there, and nothing is wanted', held: [], due: {}, does: [], owns: [] },
  { when: 'ours is there, equal', held: [a('192.0.2.1')], due: { wanted: [a('192.0.2.1')], owned: owns(a('192.0.2.1')) }, does: [], owns: ['A'] },
  { when: 'ours is there, and another value is wanted', held: [a('192.0.2.9')], due: { wanted: [a('192.0.2.1')], owned: owns(a('192.0.2.9')) }, does: [PUT], owns: ['A'] },
  { when: 'ours is there, and nothing is wanted', held: [a('192.0.2.9')], due: { owned: owns(a('192.0.2.9')) }, does: [REMOVE], owns: ['A'] },
  { when: 'ours has drifted: overwritten, and told', held: [a('192.0.2.66')], due: { wanted: [a('192.0.2.1')], owned: owns(a('192.0.2.1')) }, does: [PUT], drift: 1, owns: ['A'] },
  { when: 'ours has drifted and is not wanted: removed, and told', held: [a('192.0.2.66')], due: { owned: owns(a('192.0.2.1')) }, does: [REMOVE], drift: 1 },
  { when: 'ours was removed by somebody: put again, and told', held: [], due: { wanted: [a('192.0.2.1')], owned: owns(a('192.0.2.1')) }, does: [PUT], drift: 1, owns: [] },
  { when: 'L4: a foreign RRset is at the wanted type', held: [a('192.0.2.66')], due: { wanted: [a('192.0.2.1')] }, does: [], refused: 'foreign-record', owns: [], foreign: ['A'] },
  { when: 'L4: an equal foreign RRset is there: fine as it is, and not ours', held: [a('192.0.2.1')], due: { wanted: [a('192.0.2.1')] }, does: [], owns: [], foreign: ['A'] },
  { when: 'L4: a foreign RRset, and nothing is wanted', held: [a('192.0.2.66')], due: {}, does: [], owns: [], foreign: ['A'] },
  { when: 'L4: our own write, lost in a crash, is recovered', held: [a('192.0.2.1')], due: { wanted: [a('192.0.2.1')], writing: [rrsetDigest(a('192.0.2.1'))] }, does: [], owns: ['A'], foreign: [] },
  { when: 'L4: our own lost write is there, and the wish is newer', held: [a('192.0.2.5')], due: { wanted: [a('192.0.2.1')], writing: [rrsetDigest(a('192.0.2.5'))] }, does: [PUT], owns: ['A'] },
  { when: 'L4: our own lost write is there, and the wish is gone', held: [a('192.0.2.5')], due: { writing: [rrsetDigest(a('192.0.2.5'))] }, does: [REMOVE] },
  { when: 'L4: a lost write, but a foreign record of another value is there', held: [a('192.0.2.66')], due: { wanted: [a('192.0.2.1')], writing: [rrsetDigest(a('192.0.2.1'))] }, does: [], refused: 'foreign-record' },
  { when: 'L4: half an RRset of a lost write, record by record', held: [a('192.0.2.1')], due: { wanted: [a('192.0.2.1', '192.0.2.2')], writing: intentDigests([a('192.0.2.1', '192.0.2.2')], 'record') }, does: ['put vm1.example.com. A 192.0.2.1, 192.0.2.2 (TTL 300)'], owns: ['A'] },
  { when: 'L3: other types at the name stay', held: [mx], due: { wanted: [a('192.0.2.1')] }, does: [PUT], foreign: ['MX'] },
  { when: 'a foreign CNAME is in the way', held: [cname('x.example.com.')], due: { wanted: [a('192.0.2.1')] }, does: [], refused: 'cname-conflict', foreign: ['CNAME'] },
  { when: 'a CNAME is wanted beside a foreign MX', held: [mx], due: { wanted: [cname('x.example.com.')] }, does: [], refused: 'cname-conflict' },
  { when: 'our CNAME becomes an A: removal first', held: [cname('x.example.com.')], due: { wanted: [a('192.0.2.1')], owned: owns(cname('x.example.com.')) }, does: ['remove vm1.example.com. CNAME', PUT] },
  { when: 'a foreign A is adopted', held: [a('192.0.2.66')], due: { wanted: [a('192.0.2.1')], takeOver: 'any' }, does: [PUT], owns: ['A'], foreign: [] },
  { when: 'an equal foreign A is taken over after a timeline was raised', held: [a('192.0.2.1')], due: { wanted: [a('192.0.2.1')], takeOver: 'equal' }, does: [], owns: ['A'] },
  { when: 'another foreign A is not', held: [a('192.0.2.66')], due: { wanted: [a('192.0.2.1')], takeOver: 'equal' }, does: [], refused: 'foreign-record' },
  { when: 'adopting takes nothing that is not wanted', held: [a('192.0.2.66'), mx], due: { wanted: [], takeOver: 'any' }, does: [], owns: [] },
  { when: 'the token vouches for ours, equal', held: null, due: { wanted: [a('192.0.2.1')], owned: owns(a('192.0.2.1')) }, does: [], owns: ['A'], foreign: null },
  { when: 'the token vouches for ours, another', held: null, due: { wanted: [a('192.0.2.1')], owned: owns(a('192.0.2.9')) }, does: [PUT], foreign: null },
  { when: 'the token vouches for ours, not wanted', held: null, due: { owned: owns(a('192.0.2.9')) }, does: [REMOVE], foreign: null },
];

describe('what is done at one name', () => {
  it.each(CASES)('$when', ({ held, due, does, refused, owns: owned, foreign, drift }) => {
    const plan = planName({ name: NAME, wanted: [], owned: {}, writing: [], foreign: [], ...due }, held);
    expect(plan.changes.map(changeSentence)).toEqual(does);
    expect(plan.refusal?.code).toBe(refused);
    expect(plan.drift.length).toBe(drift ?? 0);
    if (owned !== undefined) expect(Object.keys(plan.owned)).toEqual(owned);
    if (foreign !== undefined) expect(plan.foreign).toEqual(foreign);
  });

  it('L11: a refusal tells both sides and what to do', () => {
    const { refusal } = planName({ name: NAME, wanted: [a('192.0.2.1')], owned: {}, writing: [], foreign: [] }, [a('192.0.2.66')]);
    expect(refusal).toEqual({
      code: 'foreign-record',
      text: 'vm1.example.com. A already exists as 192.0.2.66 (TTL 300), which vmdns did not write; wanted is 192.0.2.1 (TTL 300). It was left as it is.',
      hint: 'Remove that record at the provider, give the VM another name, or take it over (vmdns record adopt <name>); until then it stays untouched.',
    });
  });

  it('puts what it can where one of two types is foreign', () => {
    const aaaa = rr(NAME, 'AAAA', 300, '2001:db8::1');
    const plan = planName({ name: NAME, wanted: [a('192.0.2.1'), aaaa], owned: {}, writing: [], foreign: [] }, [a('192.0.2.66')]);
    expect([plan.changes.map(changeSentence), plan.refusal?.code]).toEqual([['put vm1.example.com. AAAA 2001:db8::1 (TTL 300)'], 'foreign-record']);
  });
});
