import { createHash, createHmac, randomBytes } from 'node:crypto';

/** A refresh token: 256 random bits that nothing can be read from. */
export const newRefreshToken = (): string => `str_${randomBytes(32).toString('base64url')}`;

/** All that is stored of a refresh token. */
export const hashOf = (token: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash('sha256').update(token).digest());

export const newNonce = (): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(32));

/**
 * The token that takes the place of `token`. It follows from the token and a stored nonce, so that a client whose answer
 * was lost can be given it again, while the database alone, or the token alone, gives nobody anything.
 */
export const successorOf = (token: string, nonce: Uint8Array): string =>
  `str_${createHmac('sha256', token).update(nonce).digest('base64url')}`;
