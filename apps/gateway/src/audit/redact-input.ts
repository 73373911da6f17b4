import type { JsonSchema } from '@stoa/contract-kit';
import { redact } from '@stoa/service';

const MOST_BYTES = 16 * 1024;

function withoutWriteOnly(schema: JsonSchema | undefined, value: unknown): unknown {
  if (schema?.['writeOnly'] === true) return '[redacted]';
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = schema?.['items'] as JsonSchema | undefined;
    return value.map((item) => withoutWriteOnly(items, item));
  }
  const properties = (schema?.['properties'] ?? {}) as Record<string, JsonSchema>;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, withoutWriteOnly(properties[name], field)]),
  );
}

/**
 * An input as the audit trail keeps it: without the fields that its schema marks as writeOnly, or whose names say that
 * they are secret. A very large one (16 KiB) is replaced by its size and the names of its fields.
 */
export function redactInput(schema: JsonSchema, input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = redact(withoutWriteOnly(schema, input)) as Record<string, unknown>;
  const bytes = Buffer.byteLength(JSON.stringify(kept));
  return bytes <= MOST_BYTES ? kept : { '[left out]': `${bytes} bytes`, fields: Object.keys(kept) };
}
