import { connect } from 'node:tls';

/** The SHA-256 fingerprint of the certificate that a server shows, hex with colons; undefined where it shows none in time. Nothing is sent to it. */
export function peerFingerprint(url: string, timeoutMs: number): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    // Whom to trust is what the caller is about to find out.
    const socket = connect({ host, port: port === '' ? 443 : Number(port), rejectUnauthorized: false, timeout: timeoutMs });
    const finish = (fingerprint: string | undefined): void => {
      socket.destroy();
      resolve(fingerprint);
    };
    socket.once('secureConnect', () => finish(socket.getPeerCertificate().fingerprint256));
    socket.once('timeout', () => finish(undefined));
    socket.once('error', () => finish(undefined));
  });
}
