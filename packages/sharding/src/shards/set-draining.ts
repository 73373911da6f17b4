import type { Sql } from '@stoa/postgres';
import { knownShards, shardsNamed } from '../directory/known-shards.js';

/**
 * Marks a shard as draining, so that a rebalance moves nothing to it, or removes the mark.
 * @returns the keyspaces that have such a shard.
 * @throws OperationRefused when there is none.
 */
export async function setDraining(
  directory: Sql,
  shard: string,
  draining: boolean,
  keyspaces?: readonly string[],
): Promise<string[]> {
  const meant = shardsNamed(await knownShards(directory, keyspaces), shard).map(({ keyspace }) => keyspace);
  await directory.query(
    'UPDATE sharding.shards SET draining = $3 WHERE shard = $1 AND keyspace = ANY ($2) AND draining <> $3',
    [shard, meant, draining],
  );
  return meant;
}
