import { fits, refuses } from './bounds.js';
import { asSchema, type Branch, listOf } from './branch.js';
import type { JsonSchema } from '../document/contract-document.js';
import { equal } from './meaning.js';

const LOWER = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties']);
const UPPER = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']);

const narrower = (a: string, b: string): string | undefined => {
  if (a === b || b === 'any') return a;
  if (a === 'any') return b;
  return (a === 'integer' && b === 'number') || (a === 'number' && b === 'integer') ? 'integer' : undefined;
};

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

function meetMultiples(a: unknown, b: unknown): unknown {
  const whole = Number.isInteger(a) && Number.isInteger(b);
  return whole ? (Number(a) * Number(b)) / divisor(Number(a), Number(b)) : { allOf: [a, b] };
}

function meetOthers(a: unknown, b: unknown): unknown {
  if (a === false || b === false) return false;
  if (a === true || a === undefined) return b;
  return b === true || b === undefined ? a : { allOf: [a, b] };
}

function meetRule(name: string, a: unknown, b: unknown): unknown {
  if (LOWER.has(name)) return Math.max(Number(a), Number(b));
  if (UPPER.has(name)) return Math.min(Number(a), Number(b));
  if (name === 'required') return [...new Set([...listOf(a), ...listOf(b)])];
  if (equal(a, b)) return a;
  if (name === 'multipleOf') return meetMultiples(a, b);
  return typeof a === 'boolean' && typeof b === 'boolean' ? a || b : { allOf: [a, b] };
}

/** A field that one side doesn't name is an unnamed one to it: its rule for those holds. */
function meetProperties(a: JsonSchema, b: JsonSchema): JsonSchema {
  const [as, bs] = [asSchema(a['properties']), asSchema(b['properties'])];
  const names = [...new Set([...Object.keys(as), ...Object.keys(bs)])];
  const ruleOf = (own: JsonSchema, rules: JsonSchema, name: string) =>
    own[name] ?? rules['additionalProperties'] ?? true;
  return Object.fromEntries(names.map((name) => [name, { allOf: [ruleOf(as, a, name), ruleOf(bs, b, name)] }]));
}

function meetRules(a: JsonSchema, b: JsonSchema): JsonSchema {
  const both = Object.entries(b).map(([name, value]) => [name, name in a ? meetRule(name, a[name], value) : value]);
  const others = meetOthers(a['additionalProperties'], b['additionalProperties']);
  return {
    ...a,
    ...Object.fromEntries(both),
    ...(('properties' in a || 'properties' in b) && { properties: meetProperties(a, b) }),
    ...(others !== undefined && { additionalProperties: others }),
  };
}

/** A branch of single values without those that its own rules refuse; undefined when none is left. */
export function possible(branch: Branch): Branch | undefined {
  if (!branch.values) return branch;
  const values = branch.values.filter((value) => !refuses(value, branch));
  if (values.length === 0) return undefined;
  return values.every((value) => fits(value, branch))
    ? { type: branch.type, values, patterns: [], rules: {} }
    : { ...branch, values };
}

/** The values that are right for both; undefined when none can be. */
export function meet(a: Branch, b: Branch): Branch | undefined {
  const type = narrower(a.type, b.type);
  if (type === undefined) return undefined;
  const met = { type, patterns: [...new Set([...a.patterns, ...b.patterns])], rules: meetRules(a.rules, b.rules) };
  if (!a.values && !b.values) return met;
  const values = (a.values ?? b.values ?? []).filter(
    (value) => !b.values || b.values.some((each) => equal(each, value)),
  );
  return possible({ ...met, values });
}
