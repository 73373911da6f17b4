import type { Caller, OutgoingRequest } from '../api/requests.js';
import type { KafkaRecord } from '@stoa/kafka';
import { readEnvelope, requestHeaders, Unreadable } from './envelope.js';
import { keyOf } from './key-of.js';
import { bindOperations } from '../server/binding.js';
import { problemsOf } from './business-errors.js';
import { echo } from '../../test/transport/echo.suite.js';
import { z } from 'zod';

const id = '018f4d2e-7b3a-7c10-8d5e-0123456789ab';
const caller: Caller = { kind: 'customer', customerId: id };
const request: OutgoingRequest = {
  service: 'cart',
  operation: 'addItem',
  kind: 'command',
  key: 'k',
  body: '{}',
  id,
  caller,
  budgetMs: 900,
  contractVersion: 2,
  expectedVersion: 4,
  traceparent: '00-a-b-01',
};
const headers = requestHeaders(request, 'c1', 'gateway.replies.g-1', 899.6);

const record = (over: Partial<KafkaRecord> = {}): KafkaRecord => ({
  topic: 'cart.commands',
  partition: 0,
  offset: 5,
  timestamp: 1_000,
  key: Buffer.from('k'),
  value: Buffer.from('{}'),
  headers,
  ...over,
});
const read = (over: Partial<KafkaRecord> = {}) => readEnvelope(record(over), 'cart.commands');

describe('envelope', () => {
  it('reads what was written', () => {
    expect(headers['budget']).toBe('899');
    expect(read()).toEqual({
      id,
      operation: 'addItem',
      correlation: 'c1',
      replyTopic: 'gateway.replies.g-1',
      budgetMs: 899,
      contractVersion: 2,
      caller,
      traceparent: '00-a-b-01',
      expectedVersion: 4,
      key: 'k',
      body: Buffer.from('{}'),
      appendedAt: 1_000,
    });
    expect(read({ topic: 'cart.queries' }).key).toBeNull();
  });

  it.each([
    ['no operation', { headers: { ...headers, op: '' } }, "header 'op' is missing"],
    ['no headers at all', { headers: {} }, "header 'id' is no UUID"],
    ['a reply to another kind of topic', { headers: { ...headers, reply: 'cart.commands' } }, 'names no reply topic'],
    ['no body', { value: null }, 'there is no body'],
    ['a budget that is no number', { headers: { ...headers, budget: 'soon' } }, "'budget' is not a whole number"],
    ['a negative version', { headers: { ...headers, v: '-1' } }, "'v' is not a whole number"],
    ['a caller that is not JSON', { headers: { ...headers, caller: '{' } }, "'caller' is not JSON"],
    ['a caller of no known kind', { headers: { ...headers, caller: '{"kind":"root"}' } }, 'names no caller'],
    ['a customer without an id', { headers: { ...headers, caller: '{"kind":"customer"}' } }, 'names no caller'],
    ['a command without a key', { key: null }, 'without a record key'],
    ['a command whose id is no UUID', { headers: { ...headers, id: '7' } }, "'id' is no UUID"],
  ])('refuses %s', (_name, over, reason) => {
    expect(() => read(over)).toThrow(Unreadable);
    expect(() => read(over)).toThrow(reason);
  });
});

describe('keyOf', () => {
  const of = (key: string, input: unknown = {}, by: Parameters<typeof keyOf>[3] = caller) =>
    keyOf({ service: 's', name: 'n', key: key as 'command.id' }, id, input, by);

  it('takes the key from the caller, the input or the command id; folds e-mail addresses', () => {
    expect(of('caller.customerId')).toBe(id);
    expect(of('input.handle', { handle: 'Tea' })).toBe('Tea');
    expect(of('input.number', { number: 7 })).toBe('7');
    expect(of('input.email', { email: 'Ada@Example.COM' })).toBe('ada@example.com');
    expect(of('command.id')).toMatch(/^018f4d2e-7b3a-7/);
  });

  it('refuses what has no such value', () => {
    expect(() => of('caller.customerId', {}, { kind: 'service', name: 'cart' })).toThrow('keyed by the customer');
    expect(() => of('input.handle', {})).toThrow('which the input lacks');
  });
});

describe('bindOperations', () => {
  const handlers = () =>
    new Map<string, object>([
      ['say', { handle: async () => undefined }],
      ['add', { handle: async () => undefined }],
      ['addTwice', { run: async () => undefined }],
    ]);

  it('distinguishes queries, commands and flows', () => {
    const kinds = [...bindOperations(echo, handlers()).values()].map((bound) => bound.kind);
    expect(kinds).toEqual(['query', 'command', 'flow']);
  });

  it('refuses a missing handler and one that is none', () => {
    const missing = handlers();
    missing.delete('add');
    expect(() => bindOperations(echo, missing)).toThrow('echo.add has no handler');
    expect(() => bindOperations(echo, handlers().set('say', { run: async () => undefined }))).toThrow("'handle'");
  });

  it('closes inputs: a field that the contract does not know is named', () => {
    const input = bindOperations(echo, handlers()).get('say')?.input ?? z.never();
    const result = input.safeParse({ text: 'a', txet: 'b' });
    expect(result.success ? [] : problemsOf(result.error)).toEqual([{ pointer: '/txet', detail: 'unknown field' }]);
    const deep = z.object({ 'a/b': z.array(z.object({ '~n': z.int() })) }).safeParse({ 'a/b': [{ '~n': 1.5 }] });
    expect(deep.success ? [] : problemsOf(deep.error)).toMatchObject([{ pointer: '/a~1b/0/~0n' }]);
  });
});
