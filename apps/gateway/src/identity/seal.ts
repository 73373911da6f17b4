import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const PLAIN = 'plain:';
const SEALED = 'sealed:';

const keyOf = (secret: string): Buffer => createHash('sha256').update(`stoa signing keys ${secret}`).digest();

/** Seals a text with AES-256-GCM; without a secret it stays readable. The reverse of `unseal`. */
export function seal(text: string, secret: string | undefined): string {
  if (secret === undefined) return `${PLAIN}${text}`;
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(secret), nonce);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return `${SEALED}${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')}`;
}

/** @throws Error when the text was sealed with another secret, or with one that isn't given here. */
export function unseal(stored: string, secret: string | undefined): string {
  if (stored.startsWith(PLAIN)) return stored.slice(PLAIN.length);
  if (secret === undefined) throw new Error('the signing keys are sealed: set TOKEN_KEY_SECRET');
  const bytes = Buffer.from(stored.slice(SEALED.length), 'base64');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(secret), bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(12, 28));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new Error('the signing keys were sealed with another TOKEN_KEY_SECRET', { cause });
  }
}
