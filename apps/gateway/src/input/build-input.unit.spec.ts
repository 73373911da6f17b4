import { command, Handle, query, Sku, UploadFrame } from '@stoa/contract-kit';
import { z } from 'zod';
import { HttpProblem } from '../http/problem.js';
import { operationOf } from '../../test/operations.js';
import { buildInput, inputBytes, validateInput } from './build-input.js';

const list = operationOf(
  query({
    http: 'GET /v1/things',
    summary: 'List',
    caller: 'anyone',
    input: z.object({
      limit: z.int().min(1).max(100).default(20),
      minPrice: z.int().optional(),
      active: z.boolean().optional(),
      tags: z.array(z.string()).optional(),
      sizes: z.array(z.int()).optional(),
      q: z.string().optional(),
      level: z.int().nullable().optional(),
      rate: z.number().optional(),
    }),
    output: z.object({}),
  }),
);

const change = operationOf(
  command({
    http: 'PATCH /v1/cart/items/{sku}',
    summary: 'Change',
    caller: 'anyone',
    key: 'input.sku',
    input: z.object({ sku: Sku, quantity: z.int().min(1).max(999), note: z.string().max(5).nullable().optional() }),
    output: z.object({}),
  }),
);

const add = operationOf(
  command({
    http: 'POST /v1/cart/items',
    summary: 'Add',
    caller: 'anyone',
    key: 'input.sku',
    input: z.object({ sku: Sku, quantity: z.int().min(1).default(1), handle: Handle.optional() }),
    output: z.object({}),
  }),
);

const none = { params: {}, query: {}, body: {} };
const problemOf = (work: () => unknown): HttpProblem => {
  try {
    work();
  } catch (error) {
    if (error instanceof HttpProblem) return error;
    throw error;
  }
  throw new Error('it was not refused');
};
const validate = (operation = add, input: Readonly<Record<string, unknown>> = {}) =>
  validateInput(operation, input, JSON.stringify(input));

describe('buildInput', () => {
  it('makes query strings into what their schemas say', () => {
    const query_ = { limit: '5', minPrice: '-3', active: 'false', tags: 'new', sizes: ['1', '2'], q: '12', level: '7' };
    expect(buildInput(list, { ...none, query: query_ })).toEqual({
      limit: 5,
      minPrice: -3,
      active: false,
      tags: ['new'],
      sizes: [1, 2],
      q: '12',
      level: 7,
    });
  });

  it.each(['', ' 5', '5 ', '0x5', '05', '+5', '5.', '5.0', '5.00', '5e0', '50e-1', '-0', '1,5', 'five', '1e999'])(
    'leaves %j as it is where a number is expected',
    (text) => {
      const input = buildInput(list, { ...none, query: { limit: text } });
      expect(input).toEqual({ limit: text });
      expect(problemOf(() => validate(list, { ...input })).problems).toMatchObject([{ pointer: '/limit' }]);
    },
  );

  it('takes one spelling of each number, and says which', () => {
    const refused = (fields: Record<string, string>) =>
      problemOf(() => validate(list, buildInput(list, { ...none, query: fields }))).problems;
    expect(refused({ limit: '5.00' })).toEqual([
      { pointer: '/limit', detail: 'must be a whole number (it is "5.00"): write 5' },
    ]);
    expect(refused({ rate: '0.50' })).toEqual([
      { pointer: '/rate', detail: 'must be a number (it is "0.50"): write 0.5' },
    ]);
    expect(refused({ minPrice: '9007199254740993' })).toMatchObject([{ pointer: '/minPrice' }]);
    for (const rate of ['0.5', '-12.25', '1e-7', '1e+21', '0', '3'])
      expect(buildInput(list, { ...none, query: { rate } })).toEqual({ rate: Number(rate) });
  });

  it('refuses a field that may be given once only and comes twice', () => {
    const input = buildInput(list, { ...none, query: { limit: ['1', '2'] } });
    expect(problemOf(() => validate(list, { ...input })).problems).toEqual([
      { pointer: '/limit', detail: 'must be a whole number (it is ["1","2"])' },
    ]);
  });

  it('joins path and body, and refuses a path field in the body', () => {
    const params = { sku: 'mug' };
    expect(buildInput(change, { ...none, params, body: { quantity: 2 } })).toEqual({ sku: 'mug', quantity: 2 });
    expect(
      problemOf(() => buildInput(change, { ...none, params, body: { sku: 'mug', quantity: 2 } })).problems,
    ).toEqual([{ pointer: '/sku', detail: 'is in the path already: leave it out here' }]);
  });

  it('refuses a query string where a body is taken', () => {
    expect(problemOf(() => buildInput(add, { ...none, query: { sku: 'mug' } })).problems).toMatchObject([
      { pointer: '/sku' },
    ]);
  });

  it.each(['"a\\ud800b"', '"\\uDC00"', '"\\ud83d \\ude00"'])('refuses half a character in a body: %s', (sku) => {
    const body = `{"sku":${sku}}`;
    const input = JSON.parse(body) as Record<string, unknown>;
    expect(problemOf(() => validateInput(add, input, body)).problems).toMatchObject([{ pointer: '/sku' }]);
  });

  it('takes whole characters, however they are written, and what only looks like an escape', () => {
    for (const sku of ['"\\ud83d\\ude00"', '"😀"', '"\\\\ud800"', '"\\\\u0000"']) {
      const body = `{"sku":${sku}}`;
      expect(() => validateInput(add, JSON.parse(body) as Record<string, unknown>, body)).not.toThrow();
    }
  });

  it('refuses U+0000 in query strings, paths and bodies', () => {
    expect(problemOf(() => buildInput(list, { ...none, query: { q: 'a\0b' } })).problems).toMatchObject([
      { pointer: '/q' },
    ]);
    expect(problemOf(() => validate(add, { sku: 'a\0b' })).problems).toMatchObject([{ pointer: '/sku' }]);
    expect(problemOf(() => validate(change, { sku: 'a\0b', quantity: 1 })).status).toBe(400);
  });

  it('does not take an own field of an upload from the query string', () => {
    const upload = operationOf(
      command({
        http: 'POST /v1/imports',
        summary: 'Import',
        caller: 'operator',
        key: 'command.id',
        input: z.object({ format: z.string(), upload: UploadFrame }),
        output: z.object({}),
        upload: { contentTypes: ['text/csv'], maxBytes: 10 },
      }),
    );
    expect(
      problemOf(() => buildInput(upload, { ...none, query: { format: 'a', upload: 'x' } })).problems,
    ).toMatchObject([{ pointer: '/upload' }]);
  });
});

describe('inputBytes', () => {
  it('passes on the very bytes of a body that nothing was added to', () => {
    const body = Buffer.from('{ "sku" : "mug" }');
    expect(inputBytes(add, { sku: 'mug' }, body)).toBe(body);
    expect(inputBytes(change, { sku: 'mug', quantity: 1 }, Buffer.from('{"quantity":1}'))).toBe(
      '{"sku":"mug","quantity":1}',
    );
    expect(inputBytes(add, {}, Buffer.alloc(0))).toBe('{}');
  });
});

describe('validateInput', () => {
  it('takes what is right', () => {
    expect(() => validate(add, { sku: 'mug', quantity: 3 })).not.toThrow();
    expect(() => validate(change, { sku: 'mug', quantity: 3, note: null })).not.toThrow();
  });

  it('names every wrong field and what to do', () => {
    const refused = problemOf(() => validate(add, { quantity: 1.5, colour: 'red', handle: 'A B' }));
    expect(refused).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    expect(refused.problems?.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/colour',
      '/handle',
      '/quantity',
      '/sku',
    ]);
    expect(refused.problems).toContainEqual({ pointer: '/sku', detail: 'is missing: give it' });
    expect(refused.problems).toContainEqual({ pointer: '/quantity', detail: 'must be a whole number (it is 1.5)' });
    expect(refused.problems).toContainEqual({
      pointer: '/colour',
      detail: 'is not a field here; there are sku, quantity, handle',
    });
  });

  it.each([
    [0, 'must be at least 1 (it is 0)'],
    [-1, 'must be at least 1 (it is -1)'],
    [1e9, 'must be at most 999 (it is 1000000000)'],
    [1.5, 'must be a whole number (it is 1.5)'],
    ['2', 'must be a whole number (it is "2")'],
    [null, 'must be a whole number (it is null)'],
  ])('refuses the quantity %j', (quantity, detail) => {
    expect(problemOf(() => validate(change, { sku: 'mug', quantity })).problems).toEqual([
      { pointer: '/quantity', detail },
    ]);
  });

  it('describes "this or null" as this', () => {
    expect(problemOf(() => validate(change, { sku: 'mug', quantity: 1, note: 'too long' })).problems).toEqual([
      { pointer: '/note', detail: 'must have at most 5 characters' },
    ]);
  });

  it('guesses what a mistyped field was meant to be', () => {
    expect(problemOf(() => validate(add, { sku: 'mug', Quantity: 1 })).problems?.[0]?.detail).toContain(
      'did you mean quantity?',
    );
  });

  it('does not repeat a secret', () => {
    const signIn = operationOf(
      command({
        summary: 'Sign in',
        caller: 'anyone',
        key: 'command.id',
        input: z.object({
          password: z
            .string()
            .regex(/^[a-z]+$/)
            .meta({ writeOnly: true }),
        }),
        output: z.object({}),
      }),
    );
    expect(JSON.stringify(problemOf(() => validate(signIn, { password: 'Hunter2' })).problems)).not.toContain(
      'Hunter2',
    );
  });

  it('is not led astray by names of Object', () => {
    expect(
      problemOf(() => validate(add, JSON.parse('{"sku":"mug","__proto__":{"quantity":1}}'))).problems,
    ).toMatchObject([{ pointer: '/__proto__' }]);
    expect(problemOf(() => validate(add, { sku: 'mug', constructor: 1 })).problems).toMatchObject([
      { pointer: '/constructor' },
    ]);
  });
});
