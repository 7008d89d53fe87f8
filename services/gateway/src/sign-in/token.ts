import { createHash, randomBytes, randomUUID } from 'node:crypto';

/** A new token: 256 random bits, with a beginning that secret scanners can know. */
export const newToken = () => `vmdns_${randomBytes(32).toString('base64url')}`;

/** What is stored of a token; 256 random bits need no salt and no slow hash. */
export const hashOf = (token: string) => createHash('sha256').update(token, 'utf8').digest('hex');

export const newTokenId = () => `token-${randomUUID()}`;
