import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import type { JsonSchema } from '../document/contract-document.js';
import { whyNotIncluded } from './inclusion.js';

/** Schemas and values are drawn from few names and small numbers, so that pairs often nearly fit. */
const small = fc.integer({ min: 0, max: 4 });
const scalar: fc.Arbitrary<unknown> = fc.oneof(fc.constantFrom('a', 'b', 'ab', true, null), small, fc.constant(1.5));
const names = fc.constantFrom('x', 'y');

/** With two rules at most: of many, one nearly always forbids the inclusion. */
const typed = (type: string, keywords: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<JsonSchema> =>
  fc
    .subarray(Object.keys(keywords), { maxLength: 2 })
    .chain((chosen) => fc.record(Object.fromEntries(chosen.map((name) => [name, keywords[name] ?? fc.constant(1)]))))
    .map((rules) => ({ type, ...rules }));
const limits = {
  minimum: small,
  maximum: small,
  exclusiveMinimum: small,
  exclusiveMaximum: small,
  multipleOf: fc.constantFrom(1, 2),
};
const numbers = fc.constantFrom('integer', 'number').chain((type) => typed(type, limits));
const strings = typed('string', { minLength: small, maxLength: small, pattern: fc.constantFrom('^a', 'b$') });
const listsOf = (items: fc.Arbitrary<JsonSchema>) => typed('array', { items, minItems: small, maxItems: small });
const objectsOf = (fields: fc.Arbitrary<JsonSchema>) =>
  typed('object', {
    properties: fc.dictionary(names, fields),
    required: fc.uniqueArray(names),
    additionalProperties: fc.oneof(fc.constant(false), fields),
  });
const enums = fc.uniqueArray(scalar, { minLength: 1, maxLength: 3 }).map((values) => ({ enum: values }));
const plain = fc.constantFrom<JsonSchema>({}, { type: 'null' }, { type: 'boolean' }, { type: ['string', 'null'] });

const { schema } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small' },
    numbers,
    strings,
    plain,
    enums,
    scalar.map((value) => ({ const: value })),
    listsOf(tie('schema')),
    objectsOf(tie('schema')),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 2 }).map((allOf) => ({ allOf })),
  ),
}));

const pairOf = (one: fc.Arbitrary<JsonSchema>) => fc.tuple(one, one);
/** Of the same kind, so that inclusions are no rare luck. */
const pair = fc.oneof(
  pairOf(numbers),
  pairOf(strings),
  pairOf(fc.oneof(enums, plain, numbers, strings)),
  pairOf(listsOf(fc.oneof(numbers, enums))),
  pairOf(objectsOf(fc.oneof(strings, enums))),
  pairOf(fc.array(fc.oneof(strings, numbers, enums), { minLength: 2, maxLength: 3 }).map((anyOf) => ({ anyOf }))),
  pairOf(fc.array(numbers, { minLength: 2, maxLength: 2 }).map((allOf) => ({ allOf }))),
  pairOf(schema),
);

const few = [-1, 0, 1, 1.5, 2, 3, 4, 5, '', 'a', 'b', 'ab', 'ba', 'aab', 'abab', 'ababa', true, null];
const VALUES: readonly unknown[] = [
  ...few,
  ...[0, 1, 2, 3, 4, 5].flatMap((length) => few.map((item) => Array.from({ length }, () => item))),
  {},
  ...few.flatMap((one) => [{ x: one }, { y: one }, { z: one }, ...few.map((two) => ({ x: one, y: two }))]),
];

/** Unknown fields that `inner` does not speak of are left out of account: nobody sends what no version knows. */
const isOpen = (node: unknown): boolean =>
  typeof node === 'object' &&
  node !== null &&
  ((Reflect.get(node, 'type') === 'object' && Reflect.get(node, 'additionalProperties') === undefined) ||
    Object.values(node).some(isOpen));

describe('whyNotIncluded', () => {
  const ajv = new Ajv2020({ strict: false });

  it('finds nothing between a schema and itself', () => {
    fc.assert(
      fc.property(schema, (one) => {
        expect(whyNotIncluded({ inner: one, outer: structuredClone(one), newer: 'outer' })).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('never calls an inclusion what a value refutes', () => {
    let included = 0;
    fc.assert(
      fc.property(pair, ([inner, outer]) => {
        fc.pre(!isOpen(inner));
        if (whyNotIncluded({ inner, outer, newer: 'outer' }).length > 0) return;
        included += 1;
        const [isInner, isOuter] = [ajv.compile(inner), ajv.compile(outer)];
        expect(VALUES.filter((value) => isInner(value) && !isOuter(value))).toEqual([]);
      }),
      { numRuns: 2000 },
    );
    expect(included).toBeGreaterThan(200);
  });

  it('follows references, also of schemas that contain themselves', () => {
    const tree = (leaf: JsonSchema): JsonSchema => ({
      $ref: '#/$defs/node',
      $defs: {
        node: { type: 'object', properties: { leaf, children: { type: 'array', items: { $ref: '#/$defs/node' } } } },
      },
    });
    const [wide, narrow] = [tree({ type: 'integer', maximum: 9 }), tree({ type: 'integer', maximum: 5 })];
    expect(whyNotIncluded({ inner: narrow, outer: wide, newer: 'outer' })).toEqual([]);
    expect(whyNotIncluded({ inner: wide, outer: narrow, newer: 'outer' })[0]).toEqual({
      path: '/leaf',
      what: 'maximum fell from 9 to 5',
      isLimit: true,
    });
  });

  it('takes a keyword that it does not know as a narrowing unless it is the same', () => {
    const [usual, odd] = [{ type: 'string' }, { type: 'string', contentEncoding: 'base64' }];
    expect(whyNotIncluded({ inner: odd, outer: odd, newer: 'outer' })).toEqual([]);
    expect(whyNotIncluded({ inner: usual, outer: odd, newer: 'outer' })).toEqual([
      { path: '', what: 'contentEncoding base64 was added' },
    ]);
  });
});
