import { argon2, hash, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Command } from '@stoa/contract-kit';
import { secretFieldsOf } from '../protocol/secret-fields.js';

/** The body's top-level fields that are wanted, as JSON. */
function fieldsOf(bodyText: string, isWanted: (name: string) => boolean): string {
  const body: unknown = JSON.parse(bodyText);
  if (typeof body !== 'object' || body === null) return bodyText;
  return JSON.stringify(Object.fromEntries(Object.entries(body).filter(([name]) => isWanted(name))));
}

/** True when the input has a field with `writeOnly: true`. */
export const hasSecrets = (operation: Command): boolean => secretFieldsOf(operation).length > 0;

/**
 * The hash by which the inbox knows a retry from another command under the same id: 128 bits of the SHA-256 of the
 * input's JSON as it was sent. Passwords are left out, because a hash of a small secret can be guessed.
 */
export function bodyHash(operation: Command, bodyText: string): Buffer {
  const secrets = secretFieldsOf(operation);
  const hashed = secrets.length === 0 ? bodyText : fieldsOf(bodyText, (name) => !secrets.includes(name));
  return hash('sha256', hashed, 'buffer').subarray(0, HASH_BYTES);
}

const HASH_BYTES = 16;
const SALT_BYTES = 16;
/** The cost at which passwords are kept: OWASP's first choice for argon2id, 13 ms of a core. */
const COST = { parallelism: 1, tagLength: 32, memory: 19_456, passes: 2 };

const hashSlowly = promisify(argon2);

/**
 * The hash of a body with its secrets: `bodyHash`, and behind it a salt and their argon2id hash. Guessing a password by
 * it costs as much as guessing it by the account's own hash.
 * @param like an earlier hash, whose salt is taken so that both can be compared
 */
export async function wholeHash(operation: Command, bodyText: string, like?: Buffer): Promise<Buffer> {
  const plain = bodyHash(operation, bodyText);
  const names = secretFieldsOf(operation);
  if (names.length === 0) return plain;
  const salt = like?.subarray(HASH_BYTES, HASH_BYTES + SALT_BYTES) ?? randomBytes(SALT_BYTES);
  const message = fieldsOf(bodyText, (name) => names.includes(name));
  return Buffer.concat([plain, salt, await hashSlowly('argon2id', { ...COST, message, nonce: salt })]);
}
