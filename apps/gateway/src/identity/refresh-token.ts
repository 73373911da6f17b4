import { createHash, createHmac, randomBytes } from 'node:crypto';

/** A refresh token: 256 random bits without any content. */
export const newRefreshToken = (): string => `str_${randomBytes(32).toString('base64url')}`;

/** The hash of a refresh token: nothing else of it is stored. */
export const hashOf = (token: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash('sha256').update(token).digest());

/** A nonce for `successorOf`. */
export const newNonce = (): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(32));

/**
 * The token that replaces `token`. It follows from the token and a stored nonce, so that a client whose response was
 * lost can get it again, while neither the database alone nor the token alone is of use to anybody.
 */
export const successorOf = (token: string, nonce: Uint8Array): string =>
  `str_${createHmac('sha256', token).update(nonce).digest('base64url')}`;
