import type { JsonSchema } from '@stoa/contract-kit';

/** A number has one spelling, the one that JSON writes: else one query would be cached under as many keys as it has. */
function numberOf(types: ReadonlySet<string>, text: string): number | undefined {
  const number = Number(text);
  if (String(number) !== text || !Number.isFinite(number)) return undefined;
  return types.has('number') || Number.isSafeInteger(number) ? number : undefined;
}

/** The JSON types that a schema allows, through its branches; none when it doesn't name any. */
function typesOf(schema: JsonSchema): Set<string> {
  const types = new Set<string>();
  const { type, anyOf, oneOf, allOf } = schema;
  for (const name of Array.isArray(type) ? type : [type]) if (typeof name === 'string') types.add(name);
  for (const branches of [anyOf, oneOf, allOf]) {
    if (!Array.isArray(branches)) continue;
    for (const branch of branches as JsonSchema[]) for (const name of typesOf(branch)) types.add(name);
  }
  return types;
}

function coerceOne(types: ReadonlySet<string>, text: string): unknown {
  if (types.has('string')) return text;
  if (types.has('integer') || types.has('number')) {
    const number = numberOf(types, text);
    if (number !== undefined) return number;
  }
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/**
 * A value of the path or query string, which is text, as its schema's type. Text that doesn't fit the type stays as it
 * is, so that validation can show it. A field that is given several times is a list where the schema takes one.
 */
export function coerceText(schema: JsonSchema | undefined, value: string | readonly string[]): unknown {
  if (!schema) return value;
  const types = typesOf(schema);
  if (!types.has('array')) return typeof value === 'string' ? coerceOne(types, value) : value;
  const items = typesOf((schema['items'] as JsonSchema | undefined) ?? {});
  return (typeof value === 'string' ? [value] : value).map((item) => coerceOne(items, item));
}
