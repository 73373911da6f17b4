import { z } from 'zod';
import type { Declaration } from '../declarations/declaration.js';
import { command, event, query, service, state } from '../declarations/declare.js';
import type { ContractDocument } from '../document/contract-document.js';
import { toDocument } from '../document/to-document.js';
import { describeChange } from './contract-change.js';
import { compareContracts, findBreakingChanges } from './compare-contracts.js';

const documentOf = (version: number, declarations: Record<string, Declaration>): ContractDocument =>
  toDocument(service('cart', { version, title: 'Cart', description: 'Carts' }, declarations));

const addItem = (rules: object = {}) =>
  command({
    http: 'POST /v1/cart/items/{sku}',
    summary: 'Add',
    caller: 'customer',
    key: 'caller.customerId',
    input: z.object({ sku: z.string(), quantity: z.int().min(1).max(999) }),
    output: z.object({ version: z.int(), total: z.int() }),
    errors: { UNKNOWN_SKU: 404 },
    etag: 'version',
    ifMatch: true,
    location: '/v1/cart/items/{version}',
    ...rules,
  });

/** The same operation in version 1 and, changed, in version 2. */
function changes(before: object, after: object, since = 1): string[] {
  const released = documentOf(1, { addItem: addItem(before) });
  return findBreakingChanges(released, documentOf(2, { addItem: addItem({ since, ...after }) })).map(describeChange);
}
const input = (shape: z.ZodRawShape) => ({ input: z.object({ sku: z.string(), ...shape }) });
const output = (shape: z.ZodRawShape) => ({ output: z.object({ version: z.int(), ...shape }) });

describe('what may change', () => {
  it('lets the same contract be', () => {
    const document = documentOf(1, { addItem: addItem() });
    expect(findBreakingChanges(document, document)).toEqual([]);
    expect(findBreakingChanges(document, { ...document, version: 2 })).toEqual([]);
  });

  it('lets words for readers change without a new version', () => {
    const before = documentOf(1, { addItem: addItem(input({ title: z.string().describe('a') })) });
    const after = documentOf(1, {
      addItem: addItem({ ...input({ title: z.string().describe('b') }), summary: 'Put' }),
    });
    expect(findBreakingChanges(before, after)).toEqual([]);
  });

  it.each<[string, string[]]>([
    [
      'a further operation',
      findTwo({ addItem: addItem() }, { addItem: addItem(), other: addItem({ http: 'POST /v1/b/{sku}' }) }),
    ],
    ['a further error', changes({}, { errors: { UNKNOWN_SKU: 404, CART_FULL: 409 } })],
    ['an optional output field', changes({}, output({ total: z.int(), note: z.string().optional() }))],
    [
      'an optional input field with since',
      changes({}, input({ quantity: z.int().min(1).max(999), note: z.string().optional() }), 2),
    ],
    [
      'an input field with a default, with since',
      changes({}, input({ quantity: z.int().min(1).max(999), note: z.string().default('') }), 2),
    ],
    ['a wider range with since', changes({}, input({ quantity: z.int().min(0).max(9999) }), 2)],
    [
      'a further enum value with since',
      changes(input({ sort: z.enum(['a', 'b']) }), input({ sort: z.enum(['a', 'b', 'c']) }), 2),
    ],
    [
      'an exclusive minimum of integers written otherwise',
      changes(input({ n: z.int().positive() }), input({ n: z.int().min(1) })),
    ],
    ['a route for an internal operation', changes({ http: undefined }, {})],
    ['a shorter budget and another limit', changes({}, { budgetMs: 100, rateLimit: { points: 1, seconds: 1 } })],
  ])('lets %s pass', (_what, found) => {
    expect(found).toEqual([]);
  });
});

function findTwo(before: Record<string, Declaration>, after: Record<string, Declaration>): string[] {
  return findBreakingChanges(documentOf(1, before), documentOf(2, after)).map(describeChange);
}

describe('requests', () => {
  const quantity = (schema: z.ZodType) => input({ quantity: schema });
  it.each<[string, object, object, string]>([
    [
      'a required field',
      {},
      input({ quantity: z.int().min(1).max(999), gift: z.boolean() }),
      '/gift: a required field was added',
    ],
    [
      'a field that became required',
      quantity(z.int().optional()),
      quantity(z.int()),
      '/quantity: an optional field became required',
    ],
    ['a field that is gone', {}, input({}), '/quantity: a field was removed'],
    ['a lower maximum', {}, quantity(z.int().min(1).max(99)), '/quantity: maximum fell from 999 to 99'],
    ['a higher minimum', {}, quantity(z.int().min(2).max(999)), '/quantity: minimum rose from 1 to 2'],
    [
      'a maximum where there was none',
      quantity(z.number()),
      quantity(z.number().max(5)),
      '/quantity: maximum 5 was added',
    ],
    [
      'a minimum that is out itself',
      quantity(z.number().min(0)),
      quantity(z.number().positive()),
      '/quantity: minimum changed from 0 to 0 (itself out)',
    ],
    ['steps', quantity(z.int()), quantity(z.int().multipleOf(2)), '/quantity: multipleOf 2 was added'],
    [
      'a shorter text',
      input({ note: z.string().max(9) }),
      input({ note: z.string().max(5) }),
      '/note: maxLength fell from 9 to 5',
    ],
    ['a pattern', input({ note: z.string() }), input({ note: z.string().regex(/^a/) }), '/note: pattern ^a was added'],
    ['a format', input({ note: z.string() }), input({ note: z.uuid() }), '/note: format uuid was added'],
    ['another type', {}, quantity(z.string()), '/quantity: type changed from integer to string'],
    ['integers only', quantity(z.number()), quantity(z.int()), '/quantity: type changed from number to integer'],
    [
      'an enum value that is gone',
      input({ sort: z.enum(['a', 'b']) }),
      input({ sort: z.enum(['a']) }),
      '/sort: the value "b" is not allowed any more',
    ],
    [
      'an enum where any text was right',
      input({ sort: z.string() }),
      input({ sort: z.enum(['a']) }),
      '/sort: changed from any string to only "a"',
    ],
    [
      'null not being right any more',
      input({ note: z.string().nullable() }),
      input({ note: z.string() }),
      '/note: type changed from null to string',
    ],
    [
      'items that got narrower',
      input({ tags: z.array(z.string()) }),
      input({ tags: z.array(z.string().max(3)) }),
      '/tags/*: maxLength 3 was added',
    ],
    [
      'fewer items',
      input({ tags: z.array(z.string()) }),
      input({ tags: z.array(z.string()).max(3) }),
      '/tags: maxItems 3 was added',
    ],
    [
      'a field deep inside',
      input({ a: z.object({ b: z.object({ c: z.int() }) }) }),
      input({ a: z.object({ b: z.object({ c: z.int(), d: z.int() }) }) }),
      '/a/b/d: a required field was added',
    ],
    [
      'unknown fields that were ignored',
      input({ a: z.object({}) }),
      input({ a: z.strictObject({}) }),
      '/a: further fields came to be refused',
    ],
    [
      'values of a map',
      input({ a: z.record(z.string(), z.int()) }),
      input({ a: z.record(z.string(), z.int().max(3)) }),
      '/a/*: maximum fell from 9007199254740991 to 3',
    ],
    [
      'an alternative that is gone',
      input({ a: z.union([z.int(), z.string()]) }),
      input({ a: z.int() }),
      '/a: type changed from string to integer',
    ],
  ])('refuses %s', (_what, before, after, expected) => {
    // `since` is raised, so that only what old senders lose is found.
    const found = changes(before, after, 2);
    expect(found).toContain(`cart.addItem input ${expected}: requests that were right would be refused`);
    expect(found).toHaveLength(1);
  });

  it.each<[string, object, object, string]>([
    [
      'a new optional field',
      {},
      input({ quantity: z.int().min(1).max(999), note: z.string().optional() }),
      '/note: a field was added',
    ],
    ['a wider range', {}, input({ quantity: z.int().min(1).max(9999) }), '/quantity: maximum rose from 999 to 9999'],
    [
      'a new enum value',
      input({ sort: z.enum(['a']) }),
      input({ sort: z.enum(['a', 'b']) }),
      '/sort: the value "b" came to be possible',
    ],
    [
      'a field that became optional',
      {},
      input({ quantity: z.int().min(1).max(999).optional() }),
      '/quantity: a required field became optional',
    ],
  ])(
    'asks for a new `since` with %s, so that older clones refuse it in a typed way',
    (_what, before, after, expected) => {
      const found = changes(before, after);
      expect(found).toEqual([
        expect.stringContaining(`cart.addItem input ${expected}: clones of version 1 would refuse`),
      ]);
      expect(found[0]).toContain('raise its `since` to 2');
    },
  );
});

describe('a loosened input', () => {
  it('is safe once its `since` is raised', () => {
    const released = documentOf(1, { addItem: addItem() });
    const next = documentOf(2, { addItem: addItem({ since: 2, ...input({ quantity: z.int().min(1).max(9999) }) }) });
    expect(compareContracts(released, next)).toEqual([
      {
        where: 'cart.addItem',
        path: 'input /quantity',
        reason:
          'maximum rose from 999 to 9999: safe, clones of version 1 refuse such requests as UNSUPPORTED_CONTRACT_VERSION',
        effect: 'safe',
      },
    ]);
  });
});

describe('replies', () => {
  it.each<[string, object, object, string[]]>([
    ['a field that is gone', {}, output({}), ['/total: a required field was removed']],
    [
      'a field that became optional',
      {},
      output({ total: z.int().optional() }),
      ['/total: a required field became optional'],
    ],
    [
      'a field that may be null',
      {},
      output({ total: z.int().nullable() }),
      ['/total: type changed from integer to null'],
    ],
    ['a wider type', {}, output({ total: z.number() }), ['/total: type changed from integer to number']],
    [
      'a new enum value',
      output({ a: z.enum(['x']) }),
      output({ a: z.enum(['x', 'y']) }),
      ['/a: the value "y" came to be possible'],
    ],
    ['a lower minimum', output({ a: z.int().min(1) }), output({ a: z.int().min(0) }), ['/a: minimum fell from 1 to 0']],
  ])('refuses %s: callers of the version before', (_what, before, after, expected) => {
    expect(changes(before, after)).toEqual(
      expected.map((what) => `cart.addItem output ${what}: callers of version 1 would get what they don't expect`),
    );
  });

  it.each<[string, object, object, string]>([
    ['a new required field', {}, output({ total: z.int(), note: z.string() }), '/note: a required field was added'],
    ['a smaller maximum', output({ a: z.int().max(6) }), output({ a: z.int().max(5) }), '/a: maximum fell from 6 to 5'],
    ['a new maximum', output({ a: z.string() }), output({ a: z.string().max(5) }), '/a: maxLength 5 was added'],
  ])('refuses %s: clones of the version before', (_what, before, after, expected) => {
    expect(changes(before, after)).toEqual([
      `cart.addItem output ${expected}: callers of version 2 would not get it from clones of version 1`,
    ]);
  });

  it('refuses another pattern, which may be another kind of text', () => {
    const [before, after] = [/^a/, /^b/].map((pattern) => output({ a: z.string().regex(pattern) }));
    expect(changes(before ?? {}, after ?? {})).toHaveLength(2);
  });

  it.each<[string, object, object, string]>([
    ['a larger maximum', output({ a: z.int().max(5) }), output({ a: z.int().max(6) }), '/a: maximum rose from 5 to 6'],
    [
      'a maximum that is gone',
      output({ a: z.number().max(5) }),
      output({ a: z.number() }),
      '/a: maximum 5 was dropped',
    ],
    [
      'longer texts',
      output({ a: z.string().max(5) }),
      output({ a: z.string().max(6) }),
      '/a: maxLength rose from 5 to 6',
    ],
    [
      'longer lists',
      output({ a: z.array(z.int()).max(5) }),
      output({ a: z.array(z.int()) }),
      '/a: maxItems 5 was dropped',
    ],
    [
      'any text instead of a pattern',
      output({ a: z.string().regex(/^a/).nullable() }),
      output({ a: z.string().nullable() }),
      '/a: pattern ^a was dropped',
    ],
  ])('lets %s pass, which callers must tolerate', (_what, before, after, expected) => {
    const [released, next] = [before, after].map((rules, index) =>
      documentOf(index + 1, { addItem: addItem(rules) }),
    ) as [ContractDocument, ContractDocument];
    expect(findBreakingChanges(released, next)).toEqual([]);
    const found = compareContracts(released, next);
    expect(found.map(describeChange)).toEqual([
      `cart.addItem output ${expected}: callers of version 1 must tolerate it`,
    ]);
    expect(found.map(({ effect }) => effect)).toEqual(['tolerate']);
  });
});

describe('an operation', () => {
  it.each<[string, object, object, string]>([
    [
      'route',
      {},
      { http: 'POST /v1/carts/items/{sku}' },
      'route: changed from POST /v1/cart/items/{sku} to POST /v1/carts',
    ],
    ['method', {}, { http: 'PUT /v1/cart/items/{sku}' }, 'route: changed from POST'],
    ['missing route', {}, { http: undefined }, 'route: was removed'],
    ['caller', {}, { caller: 'operator' }, 'caller: changed from customer to operator'],
    [
      'role',
      { caller: 'operator:catalog', key: 'command.id' },
      { caller: 'operator', key: 'command.id' },
      'role: changed from catalog to any',
    ],
    ['key', {}, { key: 'input.sku' }, 'key: changed from caller.customerId to input.sku'],
    ['status', {}, { status: 202 }, 'status: changed from 200 to 202'],
    ['missing error', {}, { errors: {} }, 'error UNKNOWN_SKU: was removed'],
    ['error status', {}, { errors: { UNKNOWN_SKU: 409 } }, 'error UNKNOWN_SKU: its status changed from 404 to 409'],
    ['etag', {}, { etag: undefined }, 'etag: was removed'],
    ['ifMatch', {}, { ifMatch: false }, 'ifMatch: was removed'],
    ['location', {}, { location: undefined }, 'location: was removed'],
    ['since below', { since: 1 }, { since: 0 }, 'since: 0 fell from 1'],
    ['since above', {}, { since: 3 }, "since: 3 is above the contract's version 2"],
  ])('must not change its %s', (_what, before, after, expected) => {
    const found = changes(before, after);
    expect(found).toEqual([expect.stringMatching(new RegExp(`^cart.addItem ${expected.replace(/[{}.]/g, '\\$&')}`))]);
  });

  it('must keep what its raw body takes', () => {
    const raw = (rawBody: object | undefined) => ({
      http: 'POST /v1/hooks',
      caller: 'anyone',
      key: 'command.id',
      input: z.object({ body: z.string(), headers: z.record(z.string(), z.string()) }),
      ifMatch: false,
      ...(rawBody && { rawBody }),
    });
    const [two, one] = [raw({ maxBytes: 10, headers: ['a', 'b'] }), raw({ maxBytes: 5, headers: ['a'] })];
    expect(changes(one, two)).toEqual([]);
    expect(changes(two, one)).toEqual([
      'cart.addItem rawBody: b was removed: clones of the version before need it',
      'cart.addItem rawBody: maxBytes fell: bodies that were right would be refused',
    ]);
    expect(changes(raw(undefined), one)).toHaveLength(1);
  });

  it('must stay for the service that calls, and durable', () => {
    const by = (name: string) => ({ http: undefined, caller: `service:${name}`, key: 'input.sku' });
    expect(changes(by('order'), by('order'))).toEqual([]);
    expect(changes(by('order'), by('other'))).toEqual([
      'cart.addItem service: changed from order to other: who could call is refused, or who must not gets in',
    ]);
    const [plain, durable] = [{ ifMatch: false }, { ifMatch: false, durable: true }];
    expect(changes(plain, durable)).toEqual([]);
    expect(changes(durable, plain)).toEqual([
      'cart.addItem durable: was removed: nobody would take up the requests that are kept',
    ]);
  });

  it('must keep its uploads', () => {
    const upload = (contentTypes: string[], maxBytes: number) => ({
      ...input({ upload: z.string() }),
      upload: { contentTypes, maxBytes },
    });
    expect(changes(upload(['text/csv', 'text/x'], 10), upload(['text/csv'], 5))).toEqual([
      'cart.addItem upload: text/x was removed: uploads that were right would be refused',
      'cart.addItem upload: maxBytes fell: uploads that were right would be refused',
    ]);
    expect(changes(input({ upload: z.string() }), upload(['text/csv'], 5))).toHaveLength(1);
  });

  it('must stay a command or a query', () => {
    const read = query({
      http: 'POST /v1/cart/items/{sku}',
      summary: 'Add',
      caller: 'customer',
      input: addItem().input,
      output: addItem().output,
    });
    expect(findTwo({ addItem: addItem() }, { addItem: read })).toContainEqual(
      expect.stringMatching(/^cart.addItem kind: changed from command to query/),
    );
  });
});

describe('a contract', () => {
  it('must not lose an operation, an event or a state', () => {
    const rules = { summary: 'It', key: 'id', data: z.object({ id: z.string() }) };
    expect(findTwo({ addItem: addItem(), changed: event(rules), item: state(rules) }, {})).toEqual([
      'cart.addItem the operation: was removed: its callers would be refused',
      'cart.changed the event: was removed: its consumers would wait for it in vain',
      'cart.item the state: was removed: its consumers would keep a copy that is never updated',
    ]);
  });

  it('must grow its version with any change, and never fall back', () => {
    const one = documentOf(1, { addItem: addItem() });
    const changed = documentOf(1, { addItem: addItem({ budgetMs: 100 }) });
    expect(findBreakingChanges(one, changed).map(describeChange)).toEqual([
      'cart version: stayed 1 although the contract changed: raise it to 2',
    ]);
    expect(findBreakingChanges({ ...one, version: 3 }, one).map(describeChange)).toEqual([
      'cart version: fell from 3 to 1: a newer contract is in force',
    ]);
  });

  it("must not be another service's, nor of an unknown format", () => {
    const one = documentOf(1, { addItem: addItem() });
    expect(findBreakingChanges(one, { ...one, service: 'basket' })).toHaveLength(1);
    expect(findBreakingChanges(one, { ...one, format: 2 } as unknown as ContractDocument)).toHaveLength(1);
  });
});

describe('events and states', () => {
  const messages = (shape: z.ZodRawShape, key = 'id') => ({
    changed: event({ summary: 'It', key, data: z.object({ id: z.string(), sku: z.string(), ...shape }) }),
  });

  it('must fit consumers of the version before, and records that are in the topic', () => {
    expect(findTwo(messages({}), messages({ note: z.string().optional() }))).toEqual([]);
    expect(findTwo(messages({ note: z.string() }), messages({}))).toEqual([
      "cart.changed data /note: a required field was removed: consumers of version 1 would get what they don't expect",
    ]);
    expect(findTwo(messages({}), messages({ note: z.string() }))).toEqual([
      'cart.changed data /note: a required field was added: records of version 1 in the topic would be wrong for consumers of version 2',
    ]);
    expect(findTwo(messages({}), messages({}, 'sku'))).toEqual([
      expect.stringMatching(/^cart.changed key: changed from id to sku/),
    ]);
  });

  it('must stay on their topic', () => {
    const item = (topic?: string) => ({
      item: state({ summary: 'It', key: 'id', data: z.object({ id: z.string() }), ...(topic && { topic }) }),
    });
    expect(findTwo(item('stock'), item('stock'))).toEqual([]);
    expect(findTwo(item(), item('stock'))).toEqual([
      'cart.item topic: changed from none to stock: consumers read the other one',
    ]);
  });

  it('may pass upper limits that they had, which consumers must tolerate', () => {
    const limited = messages({ quantity: z.int().min(1).max(999) });
    const [released, next] = [documentOf(1, limited), documentOf(2, messages({ quantity: z.int().min(1) }))];
    expect(findBreakingChanges(released, next)).toEqual([]);
    const { MAX_SAFE_INTEGER: most } = Number;
    expect(compareContracts(released, next).map(describeChange)).toEqual([
      `cart.changed data /quantity: maximum rose from 999 to ${most}: consumers of version 1 must tolerate it`,
    ]);
    expect(findBreakingChanges(next, documentOf(3, limited)).map(describeChange)).toEqual([
      expect.stringMatching(
        /^cart.changed data \/quantity: maximum fell .*: records of version 2 in the topic would be/,
      ),
    ]);
  });

  it('compares states with every released version, because their records stay for good', () => {
    const documents = [z.string(), undefined, z.int()].map((price, index) =>
      documentOf(index + 1, {
        item: state({
          summary: 'It',
          key: 'id',
          data: z.object({ id: z.string(), ...(price && { price: price.optional() }) }),
        }),
      }),
    ) as [ContractDocument, ContractDocument, ContractDocument];
    expect(findBreakingChanges(documents[1], documents[2])).toEqual([]);
    const found = findBreakingChanges(documents[1], documents[2], [documents[0]]).map(describeChange);
    expect(found[0]).toMatch(/^cart.item data \/price: type changed from string to integer: consumers of version 1/);
    expect(found).toHaveLength(2);
  });
});
