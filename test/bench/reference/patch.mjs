import http from 'node:http';

/** The least that sends a PATCH to PowerDNS: no project code. PowerDNS closes every connection, so none is kept. */
export function patch({ port, apiKey }, zone, rrsets) {
  const body = JSON.stringify({ rrsets });
  return new Promise((resolve, reject) => {
    const request = http.request({
      host: '127.0.0.1', port, method: 'PATCH', path: `/api/v1/servers/localhost/zones/${zone}`, agent: false,
      headers: { 'X-API-Key': apiKey, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
    }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode));
    });
    request.once('error', reject);
    request.end(body);
  });
}
