import { BUCKETS } from '../bucket.js';
import type { MapClient } from '../map/map-client.js';
import type { ShardServer } from '../routing/shard-server.js';
import { patiently } from './ask.js';
import { ShardsFailed } from './errors.js';

describe('a query over all shards', () => {
  const lost = (): Error => Object.assign(new Error('gone'), { code: '57P01' });
  const current = { keyspace: 'notes', version: 1, placements: Array(BUCKETS).fill({ shard: 'shard1', epoch: 1 }) };
  const map = { current, changeWithin: async () => undefined } as unknown as MapClient;

  it('waits for a shard that may come back, but not for one that is given no work', async () => {
    const refusal = lost();
    const reasons = [lost(), refusal, lost()];
    const attempt = (): Promise<never> => {
      const [reason] = reasons.splice(0, 1);
      return Promise.reject(new ShardsFailed([{ shard: 'shard1', reason }]));
    };
    const options = {
      map,
      servers: () => [{ name: 'notes@shard1' } as ShardServer],
      isRefusal: (error: unknown) => error === refusal,
    };
    await expect(patiently(options, attempt)).rejects.toBe(refusal);
    expect(reasons).toHaveLength(1);
  });
});
