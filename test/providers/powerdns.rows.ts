import { RECORDS, section, TROUBLE, type Row } from './row.js';

const ROOM = 'services/adapter-powerdns/src/';
const ZONE = `${ROOM}powerdns.zone.spec.ts`, REAL = `${ROOM}powerdns.real.spec.ts`, WIRE = `${ROOM}powerdns.wire.spec.ts`, ERRORS = `${ROOM}powerdns.errors.spec.ts`, DISABLED = `${ROOM}powerdns.disabled.spec.ts`;
const CONTRACT = `${ROOM}powerdns.contract.spec.ts`, SQL = `${ROOM}powerdns.sql-contract.spec.ts`;
const LANES = 'libs/adapter-host/src/lanes/lanes.spec.ts', TURN = 'libs/provider-kit/src/engine/run-turn.spec.ts', KNOWLEDGE = 'libs/adapter-host/src/lanes/knowledge.spec.ts', TLS = 'services/adapter-hestiacp/src/hestiacp.zone.spec.ts';

/** PowerDNS 4.7 to 5.1 (PROVIDERS §3). */
export const POWERDNS_ROWS: readonly Row[] = [
  ...section('3 calls', [
    ['handled', 'GET server: 401 for a wrong key and for none, 404 for a wrong server id', [REAL, "%s ends it, with a hint or the server's words", 'a wrong key'], [REAL, "%s ends it, with a hint or the server's words", 'a wrong server id']],
    ['refused', 'A daemon that is not authoritative', [ZONE, 'a recursor is no place for zones']],
    ['handled', 'GET /zones?zone=: an array, empty where the zone is absent; `dnssec=false` is cheaper', [ZONE, 'asks for no more than it needs: a list without DNSSEC, a zone without its RRsets'], [REAL, "%s ends it, with a hint or the server's words", 'no such zone']],
    ['handled', 'GET zone: 404 in plain text, on older servers 422', [ERRORS, '%i "%s" about a %s is %s', "Could not find domain 'x.'"], [ERRORS, '%i "%s" about a %s is %s', 'Not Found']],
    ['handled', 'GET by name leaks other names up to 4.8', [ZONE, 'leaks of other names in a filtered answer are not believed'], [WIRE, '%s', 'a leaked comment has no records (4.8 and older)']],
    ['refused', 'POST /zones: vmdns makes none', [ZONE, 'a zone that does not exist is never made, and found when somebody makes it']],
    ['handled', 'PATCH: 204 with the new serial; 422, and 404, 400, 500 in plain text', [ERRORS, '%i "%s" about a %s is %s', 'Bad Request'], [ERRORS, '%i "%s" about a %s is %s', 'Internal Server Error'], [ZONE, 'a second turn looks nothing up again: one reading, one PATCH, one flush']],
    ['handled', 'PUT rectify', [ZONE, 'tidying rectifies once and flushes what was answered meanwhile']],
    ['handled', 'Only 422 has JSON; all others are plain text', [ERRORS, 'L7: 422 "%s" blames %s'], [ERRORS, '%i "%s" about a %s is %s', 'Unauthorized']],
    ['handled', 'The old serial of an answer equals the new one up to 4.9: only the new one is read', [WIRE, '%s → %s is one write: %s'], [REAL, "somebody else's write between two turns is noticed by the serial"]],
    ['handled', '422: not canonical, out of zone, content, conflict, duplicates: permanent, and the one that is blamed stands alone', [ERRORS, 'L7: 422 "%s" blames %s', "DNS Name 'vm1.example.com' is not canonical"], [ERRORS, 'L7: 422 "%s" blames %s', 'RRset c.example.com. IN CNAME has more than one record'], [ZONE, "L7: one bad record among 5,000 is parked with the server's words, in four calls"]],
    ['handled', '422 without a name: split by halves', [ERRORS, 'L7: 422 "%s" blames %s', "Key 'ttl' not an Integer or not present"], [TURN, '$bad bad among 500, by $grain, named by the provider: $named']],
    ['handled', '400 is broken JSON or a body above 2 MiB: no call comes near', [ZONE, "no call comes near the server's body limit"], [WIRE, 'never counts fewer bytes than a change takes']],
    ['handled', '500 is the backend: tried again', [ZONE, 'a locked database (500 in plain text) is tried again at once'], [REAL, 'zones written at the same time all come out right, whatever is locked meanwhile']],
    ['handled', '`records[].priority` is a 500 from 4.9 on: never sent', [ZONE, 'only REPLACE and DELETE leave, whole and without what the server adds, to %s', '4.9.17']],
  ]),
  ...section('3 topics', [
    ['handled', 'A PATCH is one transaction: one bad RRset rolls all back', [REAL, 'L7: %i bad records among 500 are parked, and the rest has landed'], [TROUBLE, '14, L4: after a failure half way (${fault}), running again finishes the job, and our own is not foreign']],
    ['handled', 'Entries are applied in order: removals first', [TURN, 'removals come first in the call'], [RECORDS, '8: a name changes its type']],
    ['handled', 'A REPLACE with equal data moves the serial: nothing equal is written', [REAL, 'L12: the second run writes nothing and moves no serial'], [RECORDS, '3, L12: running the same step again writes nothing']],
    ['handled', 'REPLACE without comments keeps them; with none left the RRset and its comments go', [ZONE, 'L3: comments beside ours stay'], [WIRE, 'puts and removes whole RRsets, without comments, so that the server keeps them']],
    ['handled', 'EXTEND and PRUNE exist by version and hide another TTL: never sent', [ZONE, 'only REPLACE and DELETE leave, whole and without what the server adds, to %s', '5.1.3']],
    ['handled', 'TTLs beyond 31 bits: stored wrong by 4.7, refused by 4.9: never sent', [RECORDS, '12: what the capabilities deny is refused without a call, and what they allow is taken']],
    ['handled', 'Names need a dot, and their case is folded', [WIRE, '%s', 'an upper-case name'], [WIRE, 'the name %s', '*.example.com.']],
    ['handled', 'The case of a target is kept, AAAA is made canonical', [WIRE, '%s', 'the case of a target is kept by the server'], [WIRE, '%s', 'AAAA in any spelling'], [RECORDS, '5: an AAAA record in another spelling is no change']],
    ['handled', 'TXT in any quoting stays as it is; vmdns writes none', [WIRE, '%s', 'types that are not ours stay as they are'], [REAL, 'L3, L4: a hand-made CNAME, comments beside others and TXT with odd quotes survive all that happens at their names'], [RECORDS, '10, L3, L4: neighbours that we do not own stay byte for byte']],
    ['handled', 'Zone ids are opaque (`/` is =2F): taken from the list, so RFC 2317 zones work', [ZONE, 'takes the zone id from the list'], [RECORDS, '7: PTR records in IPv4 and IPv6 reverse zones; one or many values as declared']],
    ['handled', 'A zone has name servers and a placeholder SOA of its own: the apex is never changed', [ZONE, 'SOA and NS at the apex never leave this house, whoever asks']],
    ['handled', '`soa_edit_api` DEFAULT and INCREASE move the serial, empty and OFF do not', [WIRE, 'soa_edit_api %s: %s', 'INCREASE'], [ZONE, 'a serial that cannot move is no token: names are read each time'], [REAL, 'a secondary zone is refused, and a serial that cannot move is warned about']],
    ['handled', 'NOTIFY is the server\'s own affair and follows the serial; a serial that cannot move is warned about, other servers are outside of "live"', [REAL, 'a secondary zone is refused, and a serial that cannot move is warned about']],
    ['handled', 'Rectifying makes each PATCH cost the zone: switched off where it may be', [ZONE, '%s', 'auto, flat name, server rectifies by default'], [ZONE, '%s', 'auto, a signed zone that the server rectifies'], [REAL, 'a signed zone answers, and goes on being rectified by the server']],
    ['handled', 'Without it names in between answer NXDOMAIN: rectified when the zone is quiet', [REAL, 'names in between answer once the zone was tidied, and no change rectified the zone'], [KNOWLEDGE, 'is tidied once when it has been quiet']],
    ['handled', 'Beyond `max-ent-entries` names in between vanish without a word: the zone test counts and warns', [REAL, 'an IPv6 reverse zone is warned about its limit of empty non-terminals']],
    ['handled', 'At most 8 calls at a server', [ZONE, 'never has more than 8 calls at the server'], [LANES, 'no more calls at once than the server bears, over all replicas']],
    ['handled', 'One PATCH at a time for a zone; one for a server on sqlite', [LANES, 'L5 two replicas and many commands: writes to one zone never overlap, and the last wish stands'], [ZONE, 'learns from the server that sqlite bears one change at a time']],
    ['handled', '4.7.3 keeps the old answer of a polled name for 21 s: flushed after every PATCH', [REAL, 'a name that is polled while it changes answers the new value when the turn is over']],
    ['handled', 'The new serial is exactly one more: a write of others is noticed', [WIRE, '%s → %s is one write: %s'], [REAL, "somebody else's write between two turns is noticed by the serial"]],
    ['handled', 'No header with an empty `soa_edit_api`, 0 with OFF: no token', [ZONE, 'a serial that cannot move is no token: names are read each time'], [WIRE, 'soa_edit_api %s: %s', 'OFF']],
    ['handled', 'A call whose sender died is applied all the same: in doubt until it is dead', [LANES, 'L5 a paused writer whose call lands late is refused at its commit, and repaired'], [LANES, 'that was applied is found, read once more when it is dead, and only then live']],
    ['handled', 'A call that stands in the queue of a stopped server', [REAL, 'a call that was given up takes no effect when a stopped server wakes']],
    ['handled', 'Comments could carry ownership, but vanish with the RRset: the ledger is the authority', [ZONE, 'L3: comments beside ours stay'], [TURN, 'L12: a second host that knows nothing but the ledger changes nothing']],
    ['handled', 'No TLS of its own: a proxy, by CA or fingerprint; in clear it is warned about', [ZONE, 'a key that goes over the network in clear is warned about'], [TLS, 'is trusted by its fingerprint in any spelling, or by the certificate itself; also on the second connection']],
    ['handled', '`webserver-loglevel=detailed` logs the key in clear', [ZONE, 'a server that writes the key into its log is warned about']],
    ['handled', 'No paging: a large zone is read as a stream', [RECORDS, '11: more records than one page holds']],
    ['handled', 'Every connection is closed; 5.1 caps them at 100', [ZONE, 'never has more than 8 calls at the server']],
    ['handled', 'A PATCH has at most 5,000 RRsets and 1 MB', [ZONE, "no call comes near the server's body limit"]],
    ['handled', '`modified_at` of 4.9 is not sent back', [ZONE, 'only REPLACE and DELETE leave, whole and without what the server adds, to %s', '4.9.17'], [WIRE, '%s', 'values are sorted']],
    ['handled', '5.1 takes the key in the header only: it is sent there only', [CONTRACT, 'PowerDNS, the fake of ${version}']],
    ['handled', 'Records that are switched off are missing from answers by name up to 4.9', [DISABLED, 'L4: a foreign one is refused and stays, by a turn of %i names that is the first at the zone'], [ZONE, 'L6: %s is read whole at the first contact and when somebody else changed the zone, where names do not show what is switched off; never for our own changes', '4.7.3']],
  ]),
  ...section('3 test zone', [
    ['handled', 'Server, version, zone and kind', [REAL, 'tells each step']],
    ['refused', 'Zones of kind Slave, Secondary or Consumer', [ZONE, 'a zone of kind %s is refused with a hint, and not written', 'Consumer'], [REAL, 'a secondary zone is refused, and a serial that cannot move is warned about']],
    ['refused', 'Presigned zones', [ZONE, 'a presigned zone is refused']],
    ['handled', 'An empty PATCH would move the serial of 4.7.3: the test writes none', [ZONE, 'the zone test writes nothing, not even an empty PATCH, and moves no serial']],
  ]),
  ...section('0 PowerDNS', [
    ['handled', 'The documentation of EXTEND and PRUNE is wrong: never sent', [ZONE, 'only REPLACE and DELETE leave, whole and without what the server adds, to %s', '4.9.17']],
    ['handled', "Answers by name leak other names' comments up to 4.8", [ZONE, 'leaks of other names in a filtered answer are not believed']],
    ['handled', 'sqlite answers 500 in plain text when two write', [REAL, 'zones written at the same time all come out right, whatever is locked meanwhile'], [SQL, 'PowerDNS, real, ${backend}']],
    ['handled', 'LMDB refuses comments: none is ever sent', [WIRE, 'puts and removes whole RRsets, without comments, so that the server keeps them'], [CONTRACT, 'PowerDNS, real, lmdb']],
    ['handled', 'The server would delete the apex SOA and NS', [ZONE, 'SOA and NS at the apex never leave this house, whoever asks']],
  ]),
];
