import { type Branch, isOfType } from './branch.js';
import { type Finding, type Newer, wording } from './finding.js';
import { equal } from './meaning.js';

interface Bound {
  readonly value: number;
  /** The value itself is out. */
  readonly open: boolean;
}

const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/**
 * The lower (sign 1) or upper (sign -1) limit of numbers. For integers an open one is closed at the next: > 0 is ≥ 1.
 */
function limitOf({ type, rules }: Branch, sign: 1 | -1): Bound | undefined {
  const closed = number(rules[sign === 1 ? 'minimum' : 'maximum']);
  let open = number(rules[sign === 1 ? 'exclusiveMinimum' : 'exclusiveMaximum']);
  const limits: Bound[] = closed === undefined ? [] : [{ value: closed, open: false }];
  if (open !== undefined && type === 'integer') {
    open = sign === 1 ? Math.floor(open) + 1 : Math.ceil(open) - 1;
    limits.push({ value: open, open: false });
  } else if (open !== undefined) limits.push({ value: open, open: true });
  return limits.toSorted((a, b) => sign * (b.value - a.value) || Number(b.open) - Number(a.open))[0];
}

function compareLimits(inner: Branch, outer: Branch, path: string, newer: Newer): Finding[] {
  return ([1, -1] as const).flatMap((sign) => {
    const [mine, theirs] = [limitOf(inner, sign), limitOf(outer, sign)];
    if (!theirs) return [];
    const inside =
      mine && (sign * (mine.value - theirs.value) > 0 || (mine.value === theirs.value && (mine.open || !theirs.open)));
    if (inside) return [];
    const name = sign === 1 ? 'minimum' : 'maximum';
    const show = (bound: Bound | undefined): number | string | undefined =>
      bound?.open ? `${bound.value} (itself out)` : bound?.value;
    return [{ path, what: `${name} ${wording(newer, show(mine), show(theirs))}`, isLimit: sign === -1 }];
  });
}

const LENGTHS = [
  ['minLength', 1],
  ['maxLength', -1],
  ['minItems', 1],
  ['maxItems', -1],
  ['minProperties', 1],
  ['maxProperties', -1],
] as const;

function compareLengths(inner: Branch, outer: Branch, path: string, newer: Newer): Finding[] {
  return LENGTHS.flatMap(([name, sign]) => {
    const [mine, theirs] = [number(inner.rules[name]), number(outer.rules[name])];
    if (theirs === undefined || (sign === 1 && theirs <= 0)) return [];
    if (mine !== undefined && sign * (mine - theirs) >= 0) return [];
    return [{ path, what: `${name} ${wording(newer, mine, theirs)}`, isLimit: sign === -1 }];
  });
}

function compareMultiples(inner: Branch, outer: Branch, path: string, newer: Newer): Finding[] {
  const [mine, theirs] = [number(inner.rules['multipleOf']), number(outer.rules['multipleOf'])];
  if (equal(inner.rules['multipleOf'], outer.rules['multipleOf'])) return [];
  if (outer.rules['multipleOf'] !== undefined && theirs === undefined) return [{ path, what: 'multipleOf changed' }];
  if (theirs === undefined || (mine !== undefined && mine % theirs === 0)) return [];
  if (inner.type === 'integer' && theirs === 1) return [];
  return [{ path, what: `multipleOf ${wording(newer, mine, theirs)}` }];
}

/** The ways in which `inner` is too small, too large, too short, too long or in too fine steps for `outer`. */
export const compareBounds = (inner: Branch, outer: Branch, path: string, newer: Newer): Finding[] => [
  ...compareLimits(inner, outer, path, newer),
  ...compareLengths(inner, outer, path, newer),
  ...compareMultiples(inner, outer, path, newer),
];

/**
 * True when a single text, number, boolean or null breaks a rule of the branch. Of objects and lists nothing is known.
 */
export function refuses(value: unknown, branch: Branch): boolean {
  if (!isOfType(value, branch.type)) return true;
  if (typeof value === 'object' && value !== null) return false;
  const length = typeof value === 'string' ? [...value].length : undefined;
  const literal: Branch = {
    type: branch.type,
    patterns: [],
    rules: {
      ...(typeof value === 'number' && { minimum: value, maximum: value, multipleOf: value }),
      ...(length !== undefined && { minLength: length, maxLength: length }),
    },
  };
  const ofItsType = {
    ...branch,
    rules: Object.fromEntries(Object.entries(branch.rules).filter(([name]) => appliesTo(value, name))),
  };
  if (compareBounds(literal, ofItsType, '', 'inner').length > 0) return true;
  return typeof value === 'string' && branch.patterns.some((pattern) => !new RegExp(pattern, 'u').test(value));
}

const TEXT_RULES = new Set(['minLength', 'maxLength', 'format']);
const NUMBER_RULES = new Set(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']);

const appliesTo = (value: unknown, rule: string): boolean =>
  (typeof value === 'string' && TEXT_RULES.has(rule)) || (typeof value === 'number' && NUMBER_RULES.has(rule));

/** True when a single value is surely right for the branch: whether a text has a format is not known here. */
export const fits = (value: unknown, branch: Branch): boolean =>
  !refuses(value, branch) &&
  (typeof value !== 'object' || value === null) &&
  !Object.keys(branch.rules).some((rule) => rule === 'format' || !KNOWN_RULES.has(rule));

const KNOWN_RULES = new Set([...TEXT_RULES, ...NUMBER_RULES]);
