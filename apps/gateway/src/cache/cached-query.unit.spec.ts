import { query } from '@stoa/contract-kit';
import { trace, type Logger } from '@stoa/service';
import { z } from 'zod';
import { operationOf } from '../../test/operations.js';
import { HttpProblem, problem } from '../http/problem.js';
import type { Call, CallOperation } from '../calls/call-operation.js';
import type { Contracts } from '../services/contracts.js';
import type { RedisConnection } from '../storage/redis-connection.js';
import { FreshAges } from './fresh-ages.js';
import { CachedQuery } from './cached-query.js';
import { MemoryCache } from './memory-cache.js';
import { RedisCache } from './redis-cache.js';

const find = operationOf(
  query({
    http: 'GET /v1/things',
    summary: 'Find',
    caller: 'anyone',
    input: z.object({ a: z.string().optional(), b: z.string().optional(), n: z.int().optional() }),
    output: z.object({}),
    cache: { maxAgeMs: 60_000, tags: ['things'] },
  }),
);
const context = trace.start();

/** A cache without Redis, of a service that replies with `reply`. */
function cacheOf(reply: (call: Call) => Buffer) {
  const calls: Call[] = [];
  const service = {
    run: async (call: Call) => {
      calls.push(call);
      return { ok: true, body: reply(call), servedBy: 'test-1' };
    },
  };
  const config = { CACHE_MEMORY_BYTES: 1_000_000, CACHE_MAX_AGE_MS: 60_000, CACHE_STALE_MS: 300_000 };
  const memory = new MemoryCache({ ...config, STOA_SERVED_BY: true });
  const noRedis = { attempt: async () => undefined } as unknown as RedisConnection;
  const ages = new FreshAges(config, {} as Contracts, {} as Logger);
  const shared = new RedisCache(noRedis, { ...config, KAFKA_TOPIC_PREFIX: '' });
  const cached = new CachedQuery(memory, shared, service as unknown as CallOperation, ages, config);
  const run = (target: string, input: Record<string, unknown>) =>
    cached.run({ operation: find, input, target, arrival: performance.now(), trace: context });
  return { calls, memory, run };
}

describe('CachedQuery', () => {
  it('keeps one response for all spellings of a query', async () => {
    const { calls, memory, run } = cacheOf(() => Buffer.from('{"found":1}'));
    expect((await run('/v1/things?a=x&b=y', { a: 'x', b: 'y' })).outcome).toBe('fetched');
    const bytes = memory.bytes;
    expect((await run('/v1/things?b=y&a=x', { b: 'y', a: 'x' })).outcome).toBe('hit');
    expect((await run('/v1/things?a=%78&b=y', { a: 'x', b: 'y' })).outcome).toBe('hit');
    expect(calls).toHaveLength(1);
    // Spellings that were seen are found without being read.
    for (const target of ['/v1/things?a=x&b=y', '/v1/things?b=y&a=x', '/v1/things?a=%78&b=y'])
      expect(memory.fresh(target, performance.now())?.response.body.toString()).toBe('{"found":1}');
    expect(memory.bytes - bytes).toBeLessThan(2_000);
    expect((await run('/v1/things?a=xy', { a: 'xy' })).outcome).toBe('fetched');
    expect(calls).toHaveLength(2);
  });

  it('holds as much as it reports, for any query and however the response arrives', async () => {
    const { memory, run } = cacheOf(() => Buffer.alloc(65_536, ' ').subarray(7, 407));
    for (let n = 0; n < 2_000; n++) await run(`/v1/things?a=${'x'.repeat(900)}&n=${n}`, { a: 'x'.repeat(900), n });
    expect(memory.bytes).toBeLessThanOrEqual(1_000_000);
    const last = memory.get(`/v1/things?a=${'x'.repeat(900)}&n=1999`)!.response;
    expect(last.body.buffer.byteLength).toBe(400);
  });

  it.each([
    ['gets no reply', problem('UNAVAILABLE', 'no reply')],
    ['finds no room', problem('OVERLOADED', 'too many')],
    ['is refused', new HttpProblem(503, 'UNAVAILABLE', 'one shard', undefined, { 'retry-after': '5' })],
  ])('sends others while one query %s', async (_what, error) => {
    let isBroken = false;
    const { memory, run } = cacheOf(({ input }) => {
      if (isBroken && input['a'] === 'bad') throw error;
      return Buffer.from('{}');
    });
    await run('/v1/things?a=bad', { a: 'bad' });
    await run('/v1/things?a=good', { a: 'good' });
    isBroken = true;
    memory.invalidate('things', performance.now());
    for (let n = 0; n < 3; n++) {
      expect((await run('/v1/things?a=bad', { a: 'bad' })).outcome).toBe('stale');
      memory.invalidate('things', performance.now());
      expect((await run('/v1/things?a=good', { a: 'good' })).outcome).toBe('fetched');
    }
  });
});
