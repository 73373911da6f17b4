import type { JsonSchema } from '../document/contract-document.js';
import { asSchema, type Branch, isOfType, jsonType, listOf } from './branch.js';
import { canonical } from './meaning.js';
import { meet, possible } from './meet.js';

const COMPOSITION = new Set(['$ref', 'anyOf', 'oneOf', 'allOf', 'type', 'enum', 'const', 'pattern']);
const IGNORED = new Set(['title', 'description', 'examples', 'deprecated', 'readOnly', 'writeOnly', 'default']);
const META = new Set(['$comment', '$defs', '$id', '$schema', '$anchor', 'id']);

/** Which type keywords speak of, for schemas that leave the type out. */
const FAMILIES: readonly (readonly [string, readonly string[]])[] = [
  ['object', ['properties', 'required', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties']],
  ['array', ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems']],
  ['string', ['pattern', 'minLength', 'maxLength', 'format']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
];

/** The schema that `#/a/b` points to. */
function resolveRef(root: JsonSchema, ref: string): JsonSchema {
  const names = ref.replace(/^#\/?/, '').split('/').filter(Boolean);
  const unescape = (name: string): string => decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~');
  return asSchema(names.reduce<unknown>((node, name) => asSchema(node)[unescape(name)], root));
}

function typesOf(schema: JsonSchema): string[] {
  const { type } = schema;
  if (typeof type === 'string') return [type];
  if (Array.isArray(type)) return type.map(String);
  const family = FAMILIES.find(([, keywords]) => keywords.some((keyword) => keyword in schema));
  return [family ? family[0] : 'any'];
}

/** The schema's own keywords, without what composes it of others. */
function ownBranches(schema: JsonSchema): Branch[] {
  const values = 'const' in schema ? [schema['const']] : (schema['enum'] as unknown[] | undefined);
  const patterns = typeof schema['pattern'] === 'string' ? [schema['pattern']] : [];
  const rules = Object.fromEntries(
    Object.entries(schema).filter(([name]) => !COMPOSITION.has(name) && !IGNORED.has(name) && !META.has(name)),
  );
  const typed = typesOf(schema).map((type) => ({ type, patterns, rules }));
  if (!values) return typed;
  const allowed = typed.flatMap(({ type }) => values.filter((value) => isOfType(value, type)));
  // One branch per value, so that each is compared with whatever takes it.
  return [...new Map(allowed.map((value) => [canonical(value), value])).values()].flatMap(
    (value) => possible({ type: jsonType(value), values: [value], patterns, rules }) ?? [],
  );
}

const product = (as: readonly Branch[], bs: readonly Branch[]): Branch[] =>
  as.flatMap((a) => bs.flatMap((b) => meet(a, b) ?? []));

/** All branches of a schema; references are looked up in `root`. */
export function branchesOf(schema: JsonSchema, root: JsonSchema): Branch[] {
  let branches = ownBranches(schema);
  if (typeof schema['$ref'] === 'string')
    branches = product(branches, branchesOf(resolveRef(root, schema['$ref']), root));
  for (const part of listOf(schema['allOf'])) branches = product(branches, branchesOf(asSchema(part), root));
  for (const keyword of ['anyOf', 'oneOf']) {
    if (!(keyword in schema)) continue;
    const alternatives = listOf(schema[keyword]).flatMap((part) => branchesOf(asSchema(part), root));
    branches = product(branches, alternatives);
  }
  return branches;
}
