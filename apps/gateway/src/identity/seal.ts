import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** Begins what is stored and not sealed: public halves, and keys of times when no secret had to be given. */
export const PLAIN = 'plain:';
const SEALED = 'sealed:';

const keyOf = (secret: string): Buffer => createHash('sha256').update(`stoa signing keys ${secret}`).digest();

/** Whether a stored text is readable without a secret. */
export const isPlain = (stored: string): boolean => stored.startsWith(PLAIN);

/** Seals a text with AES-256-GCM. The reverse of `unseal`. */
export function seal(text: string, secret: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(secret), nonce);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return `${SEALED}${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')}`;
}

/** @throws Error when the text was sealed with another secret */
export function unseal(stored: string, secret: string): string {
  if (isPlain(stored)) return stored.slice(PLAIN.length);
  const bytes = Buffer.from(stored.slice(SEALED.length), 'base64');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(secret), bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(12, 28));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new Error('the signing keys were sealed with another TOKEN_KEY_SECRET', { cause });
  }
}
