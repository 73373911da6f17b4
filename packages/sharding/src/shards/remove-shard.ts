import type { Sql } from '@stoa/postgres';
import { removeShard } from '../directory/keyspace.js';
import { currentMoves } from '../moves/current-moves.js';
import { OperationRefused } from '../errors.js';
import { knownShards, shardsNamed } from '../directory/known-shards.js';

/** Options of removeEverywhere. */
export interface RemoveRequest {
  readonly shard: string;
  readonly keyspaces?: readonly string[];
  /** Only checks that it could be done. */
  readonly dryRun?: boolean;
}

/**
 * Removes an empty shard from all keyspaces that have it, in a transaction on the directory. Its databases stay.
 * @returns the keyspaces.
 * @throws OperationRefused while it holds buckets or a move names it; nothing is changed then.
 */
export async function removeEverywhere(tx: Sql, request: RemoveRequest): Promise<string[]> {
  const { shard, keyspaces, dryRun = false } = request;
  const shards = shardsNamed(await knownShards(tx, keyspaces), shard);
  const holding = shards.filter(({ buckets }) => buckets > 0);
  if (holding.length > 0) {
    const what = holding.map(({ keyspace, buckets }) => `${buckets} buckets of ${keyspace}`).join(' and ');
    throw new OperationRefused(`${shard} holds ${what}: drain it first`);
  }
  const names = shards.map(({ keyspace }) => keyspace);
  const move = (await currentMoves(tx)).find(
    ({ keyspace, source, destination }) => names.includes(keyspace) && [source, destination].includes(shard),
  );
  if (move) throw new OperationRefused(`Move ${move.id} of ${move.keyspace} names ${shard}: finish or abort it first`);
  if (!dryRun) for (const keyspace of names) await removeShard(tx, keyspace, shard);
  return names;
}
