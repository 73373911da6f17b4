import type { ContractDocument, JsonSchema } from '../document/contract-document.js';
import { pathOf } from './contract-change.js';

const LIMITS = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']);

/** Keywords that hold schemas by the names of fields. */
const FIELDS = new Set(['properties', '$defs']);
/** Keywords that hold the schemas of a list's items or a map's values. */
const ITEMS = new Set(['items', 'additionalProperties']);

interface Limit {
  /** As in findings: a field's pointer, `*` standing for any item. */
  readonly path: string;
  readonly keyword: string;
  readonly value: number;
}

const isObject = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null;

function* limitsOf(schema: JsonSchema, path: string): Generator<Limit> {
  for (const [keyword, value] of Object.entries(schema)) {
    // The largest integer that JSON's readers keep exactly belongs to the type.
    const isLimit = LIMITS.has(keyword) && typeof value === 'number' && value !== Number.MAX_SAFE_INTEGER;
    if (isLimit) yield { path, keyword, value };
    if (!isObject(value)) continue;
    if (FIELDS.has(keyword)) {
      for (const [name, field] of Object.entries(value)) yield* limitsOf(field as JsonSchema, `${path}/${name}`);
    } else if (Array.isArray(value)) for (const branch of value.filter(isObject)) yield* limitsOf(branch, path);
    else yield* limitsOf(value, ITEMS.has(keyword) ? `${path}/*` : path);
  }
}

const describe = (where: string, schema: 'output' | 'data', value: JsonSchema): string[] =>
  [...limitsOf(value, '')].map(
    ({ path, keyword, value: limit }) =>
      `${where} ${pathOf(schema, path)}: ${keyword} ${limit} could never be changed: ` +
      'declare it withoutLimits(…), and keep the limit in inputs and in the domain',
  );

/**
 * Upper limits in outputs, events and states, a line each. They carry types and lower bounds only: consumers rely on
 * what a contract says of replies, so that a business limit in one of them could be changed in no direction.
 */
export function findOutputLimits({ service, operations, events, states }: ContractDocument): string[] {
  return [
    ...Object.entries(operations).flatMap(([name, { output }]) => describe(`${service}.${name}`, 'output', output)),
    ...[...Object.entries(events), ...Object.entries(states)].flatMap(([name, { data }]) =>
      describe(`${service}.${name}`, 'data', data),
    ),
  ];
}
