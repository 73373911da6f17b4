import type { JsonSchema } from '../document/contract-document.js';

/** Keywords that say something to readers only. */
const ANNOTATIONS = new Set(['title', 'description', 'examples', 'deprecated', 'readOnly', '$comment', 'summary']);
/** Keywords that hold schemas by names of the author's choice: a field may well be called `title`. */
const MAPS = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas']);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A schema without what only readers need, so that a better description is no change of the contract. */
export function withoutAnnotations(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutAnnotations);
  if (!isObject(schema)) return schema;
  const kept = Object.entries(schema).filter(([keyword]) => !ANNOTATIONS.has(keyword));
  return Object.fromEntries(
    kept.map(([keyword, value]) => [
      keyword,
      MAPS.has(keyword) && isObject(value) ? mapValues(value) : literally(keyword, value),
    ]),
  );
}

const mapValues = (map: JsonSchema): JsonSchema =>
  Object.fromEntries(Object.entries(map).map(([name, schema]) => [name, withoutAnnotations(schema)]));

/** Values of these are data, not schemas. */
const literally = (keyword: string, value: unknown): unknown =>
  keyword === 'enum' || keyword === 'const' || keyword === 'default' ? value : withoutAnnotations(value);

/** The same text for values that are equal, whatever the order of their fields. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'undefined';
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const sorted = fields.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(',')}}`;
}

/** Whether two JSON values are equal, whatever the order of their fields. */
export const equal = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);
