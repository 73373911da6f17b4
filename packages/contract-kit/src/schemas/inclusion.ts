import type { JsonSchema } from '../document/contract-document.js';
import { compareBounds, fits } from './bounds.js';
import { asSchema, type Branch, listOf } from './branch.js';
import { branchesOf } from './branches.js';
import { type Finding, type Newer, wording } from './finding.js';
import { equal } from './meaning.js';

/** Two schemas: is whatever is right for `inner` right for `outer`? `newer` decides how findings are worded. */
export interface Pair {
  readonly inner: JsonSchema;
  readonly outer: JsonSchema;
  readonly newer: Newer;
}

interface Comparison extends Pair {
  /** Pairs of schemas in work: schemas may contain themselves. */
  readonly open: Map<JsonSchema, Set<JsonSchema>>;
}

const join = (path: string, name: string): string => `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

function compareFields(inner: Branch, outer: Branch, path: string, comparison: Comparison): Finding[] {
  const [mine, theirs] = [asSchema(inner.rules['properties']), asSchema(outer.rules['properties'])];
  const required = new Set((inner.rules['required'] as string[] | undefined) ?? []);
  const others = outer.rules['additionalProperties'];
  const innerIsNewer = comparison.newer === 'inner';
  const findings: Finding[] = [];
  for (const name of (outer.rules['required'] as string[] | undefined) ?? []) {
    if (required.has(name)) continue;
    const added = innerIsNewer ? 'a required field was removed' : 'a required field was added';
    const changed = innerIsNewer ? 'a required field became optional' : 'an optional field became required';
    findings.push({ path: join(path, name), what: name in mine ? changed : added });
  }
  for (const [name, schema] of Object.entries(mine)) {
    const at = join(path, name);
    if (name in theirs) findings.push(...compare(asSchema(schema), asSchema(theirs[name]), at, comparison));
    else if (others === false)
      findings.push({ path: at, what: innerIsNewer ? 'a field was added' : 'a field was removed' });
    else if (typeof others === 'object') findings.push(...compare(asSchema(schema), asSchema(others), at, comparison));
  }
  // A map's values may come under a name that the other one has a rule for.
  const unnamed = inner.rules['additionalProperties'];
  for (const name of typeof unnamed === 'object' ? Object.keys(theirs).filter((each) => !(each in mine)) : []) {
    findings.push(...compare(asSchema(unnamed), asSchema(theirs[name]), join(path, name), comparison));
  }
  return [...findings, ...compareOtherFields(inner, outer, path, comparison)];
}

/** Fields without a name of their own: a map's, or unknown ones. */
function compareOtherFields(inner: Branch, outer: Branch, path: string, comparison: Comparison): Finding[] {
  const [mine, theirs] = [inner.rules['additionalProperties'] ?? true, outer.rules['additionalProperties'] ?? true];
  if (mine === false || theirs === true) return [];
  if (theirs === false || mine === true) {
    const what =
      comparison.newer === 'inner' ? 'any further field came to be allowed' : 'further fields came to be refused';
    return [{ path, what }];
  }
  return compare(asSchema(mine), asSchema(theirs), join(path, '*'), comparison);
}

function compareItems(inner: Branch, outer: Branch, path: string, comparison: Comparison): Finding[] {
  const [mine, theirs] = [listOf(inner.rules['prefixItems']), listOf(outer.rules['prefixItems'])];
  if (mine.length !== theirs.length) {
    return [{ path, what: `its fixed items ${wording(comparison.newer, mine.length, theirs.length)}` }];
  }
  const fixed = mine.flatMap((item, index) =>
    compare(asSchema(item), asSchema(theirs[index]), join(path, String(index)), comparison),
  );
  if (outer.rules['items'] === undefined) return fixed;
  if (inner.rules['items'] === false) return fixed;
  return [
    ...fixed,
    ...compare(asSchema(inner.rules['items']), asSchema(outer.rules['items']), join(path, '*'), comparison),
  ];
}

function comparePatterns(inner: Branch, outer: Branch, path: string, { newer }: Comparison): Finding[] {
  const [mine, theirs] = [inner.rules['format'], outer.rules['format']];
  if (theirs !== undefined && !equal(mine, theirs)) return [{ path, what: `format ${wording(newer, mine, theirs)}` }];
  const unmatched = outer.patterns.filter((pattern) => !inner.patterns.includes(pattern));
  const other = inner.patterns.find((own) => !outer.patterns.includes(own));
  return unmatched.map((pattern) => ({
    path,
    what: `pattern ${wording(newer, other, pattern)}`,
    // Another pattern instead may be another kind of text.
    isLimit: other === undefined,
  }));
}

const KNOWN = new Set([
  ...['properties', 'required', 'additionalProperties', 'items', 'prefixItems', 'format', 'minimum', 'maximum'],
  ...['exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties'],
  ...['maxProperties', 'multipleOf'],
]);

/** Keywords whose meaning is not known here: the same is the same, and everything else is taken as a narrowing. */
function compareUnknown(inner: Branch, outer: Branch, path: string, { newer }: Comparison): Finding[] {
  return Object.entries(outer.rules)
    .filter(([name, value]) => !KNOWN.has(name) && value !== false && !equal(value, inner.rules[name]))
    .map(([name, value]) => ({ path, what: `${name} ${wording(newer, inner.rules[name], value)}` }));
}

function compareBranches(inner: Branch, outer: Branch, path: string, comparison: Comparison): Finding[] {
  if (inner.values) {
    const [value] = inner.values;
    const listed = outer.values?.some((other) => equal(other, value)) ?? fits(value, outer);
    const same = isBare(outer) || equal([outer.rules, outer.patterns], [inner.rules, inner.patterns]);
    return listed && (!outer.values || same) ? [] : [{ path, what: describeValue(inner, comparison) }];
  }
  if (outer.values) {
    const only = `only ${JSON.stringify(outer.values[0])}`;
    return [{ path, what: wording(comparison.newer, `any ${inner.type}`, only) }];
  }
  if (outer.type === 'any' && isBare(outer)) return [];
  if (outer.type === 'any') return compareUnknown(inner, outer, path, comparison);
  return [
    ...compareBounds(inner, outer, path, comparison.newer),
    ...comparePatterns(inner, outer, path, comparison),
    ...(inner.type === 'object' ? compareFields(inner, outer, path, comparison) : []),
    ...(inner.type === 'array' ? compareItems(inner, outer, path, comparison) : []),
    ...compareUnknown(inner, outer, path, comparison),
  ];
}

const isBare = ({ rules, patterns }: Branch): boolean => Object.keys(rules).length === 0 && patterns.length === 0;

const describeValue = ({ values = [] }: Branch, { newer }: Comparison): string =>
  `the value ${JSON.stringify(values[0])} ${newer === 'inner' ? 'came to be possible' : 'is not allowed any more'}`;

/**
 * The alternatives that a branch is worth comparing with: of its type, and for a single value those that may take it.
 */
function candidatesFor(inner: Branch, outers: readonly Branch[]): Branch[] {
  const alike = outers.filter(
    ({ type }) => type === inner.type || type === 'any' || (inner.type === 'integer' && type === 'number'),
  );
  const { values } = inner;
  if (!values) return alike;
  return alike.filter((outer) => !outer.values || outer.values.some((value) => equal(value, values[0])));
}

/** How far an alternative is off: its type counts for more than its limits. */
const distance = (findings: readonly Finding[]): number =>
  findings.length + findings.filter(({ isLimit }) => !isLimit).length * 1_000;

/** The findings of the alternative that comes nearest: none when one takes all of `inner`. */
function compareWithAny(inner: Branch, outers: readonly Branch[], path: string, comparison: Comparison): Finding[] {
  let best: Finding[] | undefined;
  for (const outer of candidatesFor(inner, outers)) {
    const findings = compareBranches(inner, outer, path, comparison);
    if (findings.length === 0) return [];
    if (!best || distance(findings) < distance(best)) best = findings;
  }
  return best ?? [{ path, what: noneTakes(inner, outers, comparison) }];
}

function noneTakes(inner: Branch, outers: readonly Branch[], comparison: Comparison): string {
  if (inner.values) return describeValue(inner, comparison);
  const types = [...new Set(outers.map(({ type }) => type))].join(' or ') || 'nothing';
  return `type ${wording(comparison.newer, inner.type, types)}`;
}

function compare(inner: JsonSchema, outer: JsonSchema, path: string, comparison: Comparison): Finding[] {
  const seen = comparison.open.get(inner) ?? new Set();
  if (seen.has(outer)) return [];
  comparison.open.set(inner, seen.add(outer));
  const outers = branchesOf(outer, comparison.outer);
  const findings = branchesOf(inner, comparison.inner).flatMap((branch) =>
    compareWithAny(branch, outers, path, comparison),
  );
  seen.delete(outer);
  return findings;
}

/** Empty when whatever is right for `inner` is right for `outer`; else every field for which it may not be. */
export const whyNotIncluded = (pair: Pair): Finding[] =>
  compare(pair.inner, pair.outer, '', { ...pair, open: new Map() });
