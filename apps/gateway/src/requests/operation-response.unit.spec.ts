import { command, query } from '@stoa/contract-kit';
import { z } from 'zod';
import { operationOf } from '../../test/operations.js';
import { answerOf, cachedAnswerOf, isKnown } from './operation-response.js';

const output = z.object({ handle: z.string(), version: z.int() });
const create = operationOf(
  command({
    ...{
      http: 'POST /v1/products',
      summary: 'Create',
      caller: 'operator',
      key: 'command.id',
      input: z.object({}),
      output,
    },
    ...{ status: 201, etag: 'version', location: '/v1/products/{handle}' },
  }),
);
const read = operationOf(
  query({ http: 'GET /v1/me', summary: 'Read', caller: 'customer', input: z.object({}), output, etag: 'version' }),
);
const reply = (value: object) => ({ ok: true, servedBy: 'things-1', body: Buffer.from(JSON.stringify(value)) });

describe('answers', () => {
  it('name where a new thing is, encoded, and its version', () => {
    const { status, headers, body } = answerOf(create, reply({ handle: 'café/1', version: 3 }), undefined);
    expect(status).toBe(201);
    expect(headers).toMatchObject({ etag: '"3"', location: '/v1/products/caf%C3%A9%2F1', 'cache-control': 'no-store' });
    expect(String(body)).toBe('{"handle":"café/1","version":3}');
  });

  it('spare the body that the client has, for reads only', () => {
    const mine = reply({ handle: 'a', version: 3 });
    expect(answerOf(read, mine, '"3"')).toMatchObject({ status: 304, body: undefined });
    expect(answerOf(read, mine, '"2"')).toMatchObject({ status: 200 });
    expect(answerOf(create, mine, '"3"')).toMatchObject({ status: 201 });
  });

  it('tell of a cached answer how it was come by, and of a stale one how old it is', () => {
    const answer = {
      ...{ body: Buffer.from('{}'), etag: '"1"', servedBy: 'things-1', tags: [], maxAgeMs: 1_000, queriedAt: 10_000 },
    };
    const headers = (how: 'hit' | 'fetched' | 'stale') => cachedAnswerOf({ answer, how }, 13_400, undefined).headers;
    expect(headers('fetched')['cache-status']).toBe('Stoa; fwd=miss');
    expect(headers('hit')['cache-status']).toBe('Stoa; hit');
    expect(headers('stale')).toMatchObject({ 'cache-status': 'Stoa; hit; ttl=-3; detail=stale', age: '4' });
  });

  it.each([
    ['"1"', true],
    ['W/"1"', true],
    ['"0", "1"', true],
    ['*', true],
    ['"10"', false],
    ['1', false],
  ])('compare ETags weakly: %s', (header, known) => {
    expect(isKnown('"1"', header)).toBe(known);
  });
});
