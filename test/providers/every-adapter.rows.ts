import { RECORDS, section, TROUBLE, type Row } from './row.js';

const TURN = 'libs/provider-kit/src/engine/run-turn.spec.ts', CONFIRMING = 'libs/provider-kit/src/engine/confirming.spec.ts', NAMES = 'libs/provider-kit/src/engine/name-plan.spec.ts', DNS = 'libs/provider-kit/src/dns/dns-question.spec.ts', HTTP = 'libs/provider-kit/src/http/http-client.spec.ts';
const LANES = 'libs/adapter-host/src/lanes/lanes.spec.ts', JUDGE = 'libs/adapter-host/src/lanes/judge.spec.ts', CIRCUIT = 'libs/adapter-host/src/lanes/circuit.spec.ts', FAILURES = 'libs/adapter-host/src/lanes/failures.spec.ts';
const PDNS = 'services/adapter-powerdns/src/powerdns.zone.spec.ts', PDNS_WIRE = 'services/adapter-powerdns/src/powerdns.wire.spec.ts', CF = 'services/adapter-cloudflare/src/cloudflare.zone.spec.ts', CF_WIRE = 'services/adapter-cloudflare/src/cloudflare.wire.spec.ts', HESTIA = 'services/adapter-hestiacp/src/hestiacp.zone.spec.ts', HESTIA_WIRE = 'services/adapter-hestiacp/src/hestiacp.wire.spec.ts';
const MUTANTS = 'libs/provider-kit/src/testing/contract/mutants.spec.ts';

/** What the APIs have in common and what every adapter owes (PROVIDERS §1, §10, §11). */
export const EVERY_ADAPTERS_ROWS: readonly Row[] = [
  ...section('1', [
    ['handled', 'Unit of change: the RRset, or the single record with an id', [TURN, '$bad bad among 500, by $grain, named by the provider: $named'], [RECORDS, '4: a value changes; the TTL alone changes; values grow and shrink; another order is no change']],
    ['handled', 'Batch: one transaction at PowerDNS and Cloudflare, none at HestiaCP', [TROUBLE, '14, L4: after a failure half way (${fault}), running again finishes the job, and our own is not foreign'], [TURN, 'one zone may take many changes at once where its provider does not']],
    ['handled', 'Creating what exists: no-op, refusal or duplicate', [RECORDS, '3, L12: running the same step again writes nothing'], [CF, '%s: read again, then decided', '81058: the record that is made is there'], [HESTIA, 'an id that somebody took meanwhile: another is taken (%s)', 'access-key']],
    ['handled', 'Deleting what is missing: 204, code 3, or 81044', [RECORDS, '9: removing works, and removing what is absent is fine'], [CF, '81044 at a removal is a success'], [HESTIA, 'removing what somebody removed meanwhile is done, and changing it is decided anew (%s)', 'password']],
    ['handled', 'A field for ownership: not everywhere, so the ledger is the authority', [TURN, 'L12: a second host that knows nothing but the ledger changes nothing'], [NAMES, 'L11: a refusal tells both sides and what to do']],
    ['handled', 'TTL bounds differ', [RECORDS, '12: what the capabilities deny is refused without a call, and what they allow is taken']],
    ['handled', 'Paging: none, or by page', [RECORDS, '11: more records than one page holds'], [CF, 'of a zone of more than a page, ten seconds later the number of records is asked, not all of them']],
    ['handled', 'Names: absolute with a dot, without one, or relative', [RECORDS, '6: the apex and a wildcard are names like others'], [PDNS_WIRE, 'the name %s', '_dmarc.example.com.'], [CF_WIRE, '%s', 'a name without a dot'], [HESTIA_WIRE, 'names are relative, and the apex is always @']],
    ['handled', 'Reverse zones: with RFC 2317 at PowerDNS, without elsewhere', [RECORDS, '7: PTR records in IPv4 and IPv6 reverse zones; one or many values as declared'], [PDNS, 'takes the zone id from the list']],
    ['handled', 'The internal unit is an RRset against live state', [TURN, 'L12: where the token has not moved and nothing differs, nothing is written'], [RECORDS, '2: an A record appears, and reads back exactly as asked']],
  ]),
  ...section('10', [
    ['handled', 'A plan is the difference to a fresh reading, without no-ops', [TURN, 'up to 8 names are read by name, in one reading, without a look at the token'], [RECORDS, '3, L12: running the same step again writes nothing']],
    ['handled', 'One writer a zone, fenced; who tries again reads first', [LANES, 'L5 two replicas and many commands: writes to one zone never overlap, and the last wish stands'], [LANES, 'L5 a paused writer whose call lands late is refused at its commit, and repaired'], [TURN, 'names in doubt are read whatever the token says']],
    ['handled', 'Own validation before any call', [RECORDS, '12: what the capabilities deny is refused without a call, and what they allow is taken'], [PDNS, 'SOA and NS at the apex never leave this house, whoever asks']],
    ['handled', 'After a write the name server is asked, where success is no proof', [CONFIRMING, 'where the API is proof, the first 32 RRsets are asked for; where it is not, all'], [DNS, 'L9: only what answers otherwise is wrong'], [CONFIRMING, 'what the name server answers otherwise, also after some rounds, is unconfirmed']],
    ['handled', 'Kinds of failure: retry, throttled, conflict, refused, credentials, missing-zone, zone-full', [TROUBLE, '13, L2: ${fault} becomes the kind "${kind}", removes nothing, and is over when it is over'], [TURN, 'a conflict told by the provider is read again and decided anew'], [FAILURES, 'takes one call to find out, again and again with all that waits; what does not grow it goes on; when there is room, all is written'], [JUDGE, "that is throttled waits, which is no failure"]],
    ['handled', 'Deadlines: 10 s, 30 s, and by the size of the zone', [HTTP, 'L4: no answer in time: in doubt once it had begun to leave'], [HESTIA, "L5: the panel's cost grows with the zone, so the time that a call is given does too"]],
    ['handled', 'A dead provider costs one reading, not a queue of time-outs', [CIRCUIT, 'L8: what was in flight when it died is one failure, then one read shows from time to time whether it is back'], [TURN, 'L8: a server that was away is asked once, by %s, before more is asked', 'record']],
  ]),
  ...section('11', [
    ['handled', 'An empty zone', [RECORDS, '1: an empty zone lists as empty; SOA and NS are not ours']],
    ['handled', 'A record appears', [RECORDS, '2: an A record appears, and reads back exactly as asked']],
    ['handled', 'The same again writes nothing', [RECORDS, '3, L12: running the same step again writes nothing']],
    ['handled', 'Values and TTL change', [RECORDS, '4: a value changes; the TTL alone changes; values grow and shrink; another order is no change']],
    ['handled', 'Spellings of addresses', [RECORDS, '5: an AAAA record in another spelling is no change']],
    ['handled', 'Apex and wildcard', [RECORDS, '6: the apex and a wildcard are names like others']],
    ['handled', 'PTR', [RECORDS, '7: PTR records in IPv4 and IPv6 reverse zones; one or many values as declared']],
    ['handled', 'A name changes its type', [RECORDS, '8: a name changes its type']],
    ['handled', 'Removing', [RECORDS, '9: removing works, and removing what is absent is fine']],
    ['handled', 'Neighbours', [RECORDS, '10, L3, L4: neighbours that we do not own stay byte for byte']],
    ['handled', 'Many records', [RECORDS, '11: more records than one page holds']],
    ['handled', 'Capabilities', [RECORDS, '12: what the capabilities deny is refused without a call, and what they allow is taken']],
    ['handled', 'Each failure becomes its kind', [TROUBLE, '13, L2: ${fault} becomes the kind "${kind}", removes nothing, and is over when it is over']],
    ['handled', 'Half way', [TROUBLE, '14, L4: after a failure half way (${fault}), running again finishes the job, and our own is not foreign']],
    ['handled', 'Cancelling, and two zones at once', [TROUBLE, '15: cancelling stops within the limit; two zones at once do not mix']],
    ['handled', 'Secrets', [TROUBLE, '16, L10: no secret is in any error, reason, report, result or step of a test']],
    ['handled', 'The suite itself is tested: each clause catches a provider that breaks it', [MUTANTS, 'and every clause is shown to catch something']],
  ]),
];
