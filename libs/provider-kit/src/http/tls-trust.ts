import { buildConnector } from 'undici';
import { TLSSocket } from 'node:tls';

/** Whom to trust: an own CA, or exactly one certificate. There is no way to trust everyone. */
export interface TlsTrust {
  /** PEM, in place of the well-known CAs. */
  readonly ca?: string;
  /** SHA-256 of the server's certificate, hex, colons optional: for self-signed ones. */
  readonly fingerprint?: string;
}

const hexOf = (fingerprint: string): string => fingerprint.replaceAll(':', '').toLowerCase();

/** Connects with that trust; a pinned certificate is compared before a byte of the request leaves. */
export function connectorOf(trust: TlsTrust, timeoutMs: number): buildConnector.connector {
  const { ca, fingerprint } = trust;
  const connect = buildConnector({
    timeout: timeoutMs,
    ...(ca === undefined ? {} : { ca }),
    ...(fingerprint === undefined ? {} : { rejectUnauthorized: false }),
  });
  if (fingerprint === undefined) return connect;
  return (options, callback) => connect(options, (...[error, socket]) => {
    if (error !== null) return callback(error, null);
    if (socket instanceof TLSSocket && hexOf(socket.getPeerCertificate().fingerprint256) !== hexOf(fingerprint)) {
      socket.destroy();
      return callback(Object.assign(new Error('certificate is not the pinned one'), { code: 'VMDNS_FINGERPRINT' }), null);
    }
    return callback(null, socket);
  });
}
