import { buildConnector } from 'undici';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Whom to trust: an own CA, or exactly one certificate. There is no way to trust everyone. */
export interface TlsTrust {
  /** PEM, in place of the well-known CAs. */
  readonly ca?: string;
  /** SHA-256 of the server's certificate, hex, colons optional: for self-signed ones. */
  readonly fingerprint?: string;
}

const hexOf = (fingerprint: string | undefined): string => (fingerprint ?? '').replaceAll(':', '').toLowerCase();

/** Connects with that trust; a pinned certificate is compared before a byte of the request leaves. */
export function connectorOf(trust: TlsTrust, timeoutMs: number): buildConnector.connector {
  const { ca, fingerprint } = trust;
  const connect = buildConnector({
    timeout: timeoutMs,
    ...(ca === undefined ? {} : { ca }),
    // A resumed session shows no certificate, so none is kept.
    ...(fingerprint === undefined ? {} : { rejectUnauthorized: false, maxCachedSessions: 0 }),
  });
  return (options, callback) => connect(options, (...[error, socket]) => {
    if (error !== null) return callback(error, null);
    if (fingerprint !== undefined && socket instanceof TLSSocket && hexOf(socket.getPeerCertificate().fingerprint256) !== hexOf(fingerprint)) {
      socket.destroy();
      return callback(Object.assign(new Error('certificate is not the pinned one'), { code: 'VMDNS_FINGERPRINT' }), null);
    }
    if (!(socket instanceof TLSSocket)) resetWhenGivenUp(socket);
    return callback(null, socket);
  });
}

/**
 * Giving up a call resets its connection rather than closing it: what a stopped server has not read yet is discarded by
 * its kernel, so that a call does not take effect long after its life (PROTOCOL §5; PowerDNS 4.7.3 applied 5 of 5
 * closed ones when it woke, and 0 of 5 reset ones).
 */
function resetWhenGivenUp(socket: Socket): void {
  const destroy = socket.destroy.bind(socket);
  let isReset = false;
  socket.destroy = (error?: Error) => {
    if (error !== undefined && error !== null && !isReset && !socket.destroyed) {
      isReset = true;
      socket.resetAndDestroy();
    }
    return destroy(error);
  };
}
