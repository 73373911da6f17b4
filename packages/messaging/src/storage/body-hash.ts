import { hash } from 'node:crypto';
import type { Command } from '@stoa/contract-kit';
import { z } from 'zod';

const secretFields = new WeakMap<Command, readonly string[]>();

/** The input's top-level fields whose schema says `writeOnly: true`. */
function secretFieldsOf(operation: Command): readonly string[] {
  const known = secretFields.get(operation);
  if (known) return known;
  const { properties = {} } = z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' });
  const found = Object.entries(properties).flatMap(([name, schema]) =>
    typeof schema === 'object' && schema.writeOnly === true ? [name] : [],
  );
  secretFields.set(operation, found);
  return found;
}

function withoutFields(bodyText: string, names: readonly string[]): string {
  const body: unknown = JSON.parse(bodyText);
  if (typeof body !== 'object' || body === null) return bodyText;
  return JSON.stringify(Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name))));
}

/**
 * What the inbox compares to tell a retry from another command under the same id: 128 bits of the SHA-256 of the input's
 * JSON as it was sent. Passwords are left out, because a hash of a small secret can be guessed.
 */
export function bodyHash(operation: Command, bodyText: string): Buffer {
  const secrets = secretFieldsOf(operation);
  const hashed = secrets.length === 0 ? bodyText : withoutFields(bodyText, secrets);
  return hash('sha256', hashed, 'buffer').subarray(0, 16);
}
