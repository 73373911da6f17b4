import { randomUUID } from 'node:crypto';
import { bucketOf } from '../src/map/bucket.js';
import type { Cluster } from './cluster.js';

/** Puts customers with orders onto the shards that the map gives them to. @returns their ids. */
export async function fill(cluster: Cluster, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  for (const shard of cluster.shards.keys()) {
    const owned = await cluster.admin<{ bucket: number }>(
      shard,
      `SELECT bucket FROM sharding.bucket_owner WHERE state = 'owned'`,
    );
    const buckets = new Set(owned.map(({ bucket }) => bucket));
    const here = ids.filter((id) => buckets.has(bucketOf(id)));
    await cluster.admin(shard, `INSERT INTO customers (id, name) SELECT unnest($1::uuid[]), 'filled'`, [here]);
    await cluster.admin(
      shard,
      'INSERT INTO orders (id, customer_id, amount) SELECT gen_random_uuid(), unnest($1::uuid[]), 1',
      [here],
    );
  }
  return ids;
}
