import { BUCKETS } from '@stoa/sharding';
import { Bucket } from '@stoa/shards-contract';

describe("the contract's buckets", () => {
  it('are those that a keyspace has', () => {
    expect(Bucket.maxValue).toBe(BUCKETS - 1);
  });
});
