import { RECORDS, section, TROUBLE, type Row } from './row.js';

const ROOM = 'services/adapter-cloudflare/src/';
const ZONE = `${ROOM}cloudflare.zone.spec.ts`, TEST = `${ROOM}cloudflare.zone-test.spec.ts`, WIRE = `${ROOM}cloudflare.wire.spec.ts`, PLAN = `${ROOM}record-plan.spec.ts`, ERRORS = `${ROOM}cloudflare.errors.spec.ts`, RATE = `${ROOM}cloudflare.rate.spec.ts`;
const BUDGET = 'libs/adapter-host/src/lanes/budget.spec.ts', FAILURES = 'libs/adapter-host/src/lanes/failures.spec.ts';

/** Cloudflare, API v4 (PROVIDERS §4). */
export const CLOUDFLARE_ROWS: readonly Row[] = [
  ...section('4 calls', [
    ['handled', 'Bearer token; an envelope whose error chain says more than its first code', [ERRORS, '1004 is told by its chain: %i is refused, with both texts'], [ERRORS, '%i %s about a %s is %s', 'Record quota exceeded.']],
    ['handled', "A user's token and one that the account owns are checked at different places", [TEST, 'tells of a zone where all is well what it is, and how full'], [TEST, 'a token that the account owns is checked at the account']],
    ['handled', 'A token is active, disabled or expired, and may end soon', [TEST, '%s: said at its step, with what to do', 'a disabled token'], [TEST, '%s: said at its step, with what to do', 'a token that ends soon']],
    ['handled', 'Zones by name and account; one name may be in two accounts', [ZONE, 'by name and account: one name in two accounts is not guessed'], [TEST, '%s: said at its step, with what to do', 'two accounts with the zone']],
    ['handled', 'A zone by its id: name, status, type', [ZONE, "by id, whose name must be the zone's"], [TEST, 'a zone id of another zone is told'], [TEST, '%s: said at its step, with what to do', 'a zone whose name servers are not set yet']],
    ['handled', 'Records come in pages, and may change between two of them', [RECORDS, '11: more records than one page holds'], [ZONE, 'L2: a zone that changes while its pages are read is read again, never taken in part']],
    ['handled', 'Records have ids: kept, and read again when an answer contradicts', [ZONE, '%s: read again, then decided', '81044: the record that is changed is gone'], [ZONE, 'a steady stream of changes costs one call for each turn, a look at the zone every ten seconds beside']],
    ['handled', 'A batch is one transaction: deletes, patches, puts, posts', [ZONE, 'a name that changes from CNAME to A and back is one batch each time'], [ZONE, 'L7: %i bad records among 500 in one batch stand alone after O(log n) calls each (errors point at them: %s)']],
    ['handled', 'PATCH merges: what vmdns does not say stays', [PLAN, 'a patch says nothing of comment, tags or proxy, so they stay']],
  ]),
  ...section('4 record', [
    ['handled', 'Names are absolute without a dot, in punycode', [WIRE, '%s', 'a name without a dot'], [WIRE, '%s', 'punycode stays'], [WIRE, '%s', 'content that is a name gets its dot']],
    ['handled', 'TTL 1 is automatic; else 60 to 86,400', [WIRE, '%s', 'TTL 1 is automatic: what the zone says'], [RECORDS, '12: what the capabilities deny is refused without a call, and what they allow is taken']],
    ['handled', 'A proxied record has no TTL of its own; the flag stays as somebody set it', [ZONE, 'a proxied flag that somebody set stays, as do comment and tags; an automatic TTL is no difference'], [ZONE, 'with another TTL than the automatic one, a proxied record is not written again and again'], [PLAN, '%s', 'a proxied record gets another value and stays proxied']],
    ['handled', 'Nothing is proxied unless the zone says so', [ZONE, 'nothing is proxied unless the zone says so']],
    ['handled', 'What newer answers add is not minded', [WIRE, 'what newer answers add is not minded']],
    ['refused', 'MX, SRV, CAA, TXT and others need fields of their own: read right, never written', [WIRE, '%s', 'priority stands before the content'], [RECORDS, '12: what the capabilities deny is refused without a call, and what they allow is taken'], [RECORDS, '10, L3, L4: neighbours that we do not own stay byte for byte']],
    ['refused', 'Records of one name and type have at most 8,192 characters', [ZONE, 'a name with more values than Cloudflare takes is refused with its words, alone']],
  ]),
  ...section('4 limits', [
    ['handled', '1,200 calls in 5 minutes for each user, all tokens together', [ZONE, 'one budget for a user, all tokens together, below what is documented'], [BUDGET, 'B8: two replicas and many zones stay below what the server takes, to the call']],
    ['handled', 'Beyond that everything is refused for 5 minutes', [ZONE, 'too many calls: everything of that user waits as long as Cloudflare says, and asking meanwhile is refused too'], [BUDGET, 'L11: "not now" is a wait and no failure: told with its time, nobody calls until then, then all goes on']],
    ['handled', '200 calls a second for each address: at most 60 at once for each user; told 429 all the same, it is a wait', [ZONE, 'one budget for a user, all tokens together, below what is documented'], [ERRORS, '%i %s about a %s is %s', 'throttled']],
    ['handled', '`Ratelimit` and `Ratelimit-Policy` are heeded, the tightest first', [RATE, '%j is %j', '"default";q=1200;w=300, "burst";q=100;w=60'], [BUDGET, 'a policy that is stricter than what was declared is kept to'], [BUDGET, 'what the provider says is left counts, whoever used it up: bulk waits and is told, urgent changes go on']],
    ['handled', '`retry-after` comes with 429 only; without it five minutes', [ERRORS, 'a throttle waits as long as Cloudflare says, else five minutes']],
    ['handled', '200 operations in a batch on free plans, 3,500 on paid ones', [ZONE, 'plan %s at Cloudflare, %s in the connection: %i batches for 500 records', 'untold'], [ZONE, 'a change of many values counts as many records of a batch'], [WIRE, 'plan %j is a paid one: %s']],
    ['handled', 'A zone has a quota of records', [ZONE, 'a full zone is found with few calls; replacements and removals still go through'], [TEST, 'tells of a zone where all is well what it is, and how full'], [FAILURES, 'shows in the zone test what is used, what is needed and what fits']],
    ['refused', 'Comments beyond 100 characters or with a line break', [PLAN, 'a comment that Cloudflare would refuse is refused at the door']],
    ['handled', 'Tags are refused on free plans: never sent', [PLAN, 'a patch says nothing of comment, tags or proxy, so they stay'], [PLAN, 'a new record of a zone %j, type %s, gets %j']],
  ]),
  ...section('4 codes', [
    ['handled', '81058: an identical record exists', [ZONE, '%s: read again, then decided', '81058: the record that is made is there'], [ERRORS, '%i %s about a %s is %s', 'An identical record already exists.']],
    ['handled', '81057: the record exists', [ERRORS, '%i %s about a %s is %s', 'The record already exists.']],
    ['refused', '81053, 81054: a CNAME beside addresses', [ERRORS, '%i %s about a %s is %s', 'A CNAME record with that host already exists.']],
    ['handled', '81044: the record does not exist', [ZONE, '81044 at a removal is a success'], [ZONE, '%s: read again, then decided', '81044: the record that is changed is gone']],
    ['refused', '1004 with its chain: content, TTL, tags', [ERRORS, '1004 is told by its chain: %i is refused, with both texts']],
    ['handled', '10000, 9109, 9103, 6003: credentials', [ERRORS, '%i %s about a %s is %s', 'Invalid request headers'], [ZONE, 'a token that may not write is a matter of credentials, with what to do']],
    ['handled', '10000 also for a zone that the token may not see', [ZONE, 'a zone that the token may not see is a missing zone, and stops no other zone of the connection']],
    ['handled', '7003: no such identifier', [ERRORS, '%i %s about a %s is %s', 'Could not route to /zones/x']],
    ['handled', '429 and 10100', [ERRORS, '%i %s about a %s is %s', '<html>Too many']],
    ['handled', '5xx, 409, 408: the SDK would repeat a POST by itself; it does not', [ZONE, '%s: not applied, tried once more, without the SDK trying by itself', 'conflict'], [ZONE, 'L4: %s after the change was applied: in doubt, and known as ours when read', 'edge-error']],
    ['refused', '1038: zones below .cf, .ga, .gq, .ml and .tk', [ZONE, 'L8: a zone that the API may not change is a missing zone with one refused call, and stops no other zone of the token'], [TEST, '%s: said at its step, with what to do', 'a zone that the API may not change']],
    ['handled', 'There is no official list: what is unknown is told in its own words', [ERRORS, '%i %s about a %s is %s', 'No'], [TROUBLE, '13, L2: ${fault} becomes the kind "${kind}", removes nothing, and is over when it is over']],
  ]),
  ...section('4 beside', [
    ['handled', 'Reverse zones: for holders of the prefix', [RECORDS, '7: PTR records in IPv4 and IPv6 reverse zones; one or many values as declared'], [TEST, 'for a reverse zone the delegation is spoken of']],
    ['refused', 'Classless reverse zones with a slash', [RECORDS, '12: what the capabilities deny is refused without a call, and what they allow is taken']],
    ['handled', 'A comment is a hint; the ledger is the authority', [ZONE, 'who compares is shown the flag and the comments; adopted with other values, a record keeps both and its tags, and other types at its name stay'], [ZONE, 'L4: two replicas in turns read what the other did'], [PLAN, 'a new record of a zone %j, type %s, gets %j', 'vmdns']],
    ['handled', 'Zone test: token, zone, account, records; the right to write cannot be seen', [TEST, 'tells of a zone where all is well what it is, and how full'], [TEST, '%s: said at its step, with what to do', 'a zone that the token may not see']],
    ['handled', "The zone's own NS records are not listed: the zone test takes the name servers that the zone tells", [TEST, 'tells of a zone where all is well what it is, and how full'], [FAILURES, "is judged by the name servers that the provider tells, where it lists no NS records of the zone's own"]],
    ['refused', 'Secondary zones', [TEST, '%s: said at its step, with what to do', 'a secondary zone']],
    ['handled', 'Partial zones serve a name only where the primary points to it', [TEST, '%s: said at its step, with what to do', 'a partial zone']],
  ]),
];
