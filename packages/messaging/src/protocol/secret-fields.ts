import type { Operation } from '@stoa/contract-kit';
import { z } from 'zod';

const secretFields = new WeakMap<Operation, readonly string[]>();

/** The input's top-level fields whose schema says `writeOnly: true`. */
export function secretFieldsOf(operation: Operation): readonly string[] {
  const known = secretFields.get(operation);
  if (known) return known;
  const { properties = {} } = z.toJSONSchema(operation.input, { io: 'input', unrepresentable: 'any' });
  const found = Object.entries(properties).flatMap(([name, schema]) =>
    typeof schema === 'object' && schema.writeOnly === true ? [name] : [],
  );
  secretFields.set(operation, found);
  return found;
}
