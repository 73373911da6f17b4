import type { Sql } from '@stoa/postgres';
import { inDirectory } from '../src/directory/keyspace.js';
import { knownShards, onDirectory, shardsNamed } from '../src/directory/known-shards.js';
import { reconcileShard, type Reconciliation } from '../src/verification/reconcile.js';
import { MapClient } from '../src/map/map-client.js';
import type { MoveLimits } from '../src/move-steps/move-limits.js';
import { Mover } from '../src/moves/mover.js';
import type { Step } from '../src/move-steps/phases.js';
import { PooledServer } from './pooled-server.js';
import { ShardedDatabase } from '../src/routing/sharded-database.js';
import { KEYSPACE, type Cluster } from './cluster.js';
import { Load } from './load.js';

/** Short pauses, and a long wait for the locks of a dead mover. */
const LIMITS: Partial<MoveLimits> = { pauseMs: 50, busyMs: 20_000 };

/** Limits with which the fence is not lifted because a step under it is slow. */
export const GENEROUS_LIMITS: Partial<MoveLimits> = { lockMs: 20_000, drainMs: 20_000, markerMs: 20_000 };

export const mover = (
  cluster: Cluster,
  onStep?: (step: Step, when: 'before' | 'after') => void | Promise<void>,
  limits: Partial<MoveLimits> = {},
): Mover =>
  new Mover({
    directoryUrl: cluster.directoryUrl,
    limits: { ...LIMITS, ...limits },
    ...(onStep && { hooks: { onStep } }),
  });

export interface Service {
  readonly database: ShardedDatabase<Sql, PooledServer>;
  /** From now on it learns of changes only when it is refused. */
  stopFollowingDirectory(): Promise<void>;
  close(): Promise<void>;
}

/** A service's clone: a map of its own, and bounded pools. */
export async function startService(cluster: Cluster, retryForMs = 10_000): Promise<Service> {
  const map = await MapClient.open({ keyspace: KEYSPACE, directoryUrl: cluster.serviceDirectoryUrl });
  const database = new ShardedDatabase<Sql, PooledServer>({
    map,
    retryForMs,
    open: (shard) => new PooledServer({ ...shard, application: 'service', maxConnections: 8 }),
  });
  const close = async (): Promise<void> => {
    await database.close();
    await map.close();
  };
  return { database, stopFollowingDirectory: () => map.close(), close };
}

/** Runs work while a service writes and reads the buckets. */
export async function underLoad(
  cluster: Cluster,
  options: {
    buckets: readonly number[];
    writers: number;
    pauseMs?: number;
    queue?: boolean;
    reads?: boolean;
    withoutDirectory?: boolean;
  },
  work: (load: Load) => Promise<void>,
) {
  const service = await startService(cluster);
  if (options.withoutDirectory) await service.stopFollowingDirectory();
  const load = new Load(cluster, service.database, { pauseMs: 5, queue: true, reads: true, ...options });
  await load.start();
  // Neither the load nor its service may outlive the test, also after a failure.
  try {
    await work(load);
    return await load.stop();
  } finally {
    await load.stop().catch(() => undefined);
    await service.close();
  }
}

/** Makes a move look fresh for an hour, so that no supervisor resumes it for being quiet. */
export const keepFresh = (cluster: Cluster, id: string): Promise<unknown> =>
  inDirectory(cluster.directoryUrl, (tx) =>
    tx.query(`UPDATE sharding.moves SET changed_at = now() + interval '1 hour' WHERE id = $1`, [id]),
  );

export const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, n) => from + n);

/** Reconciles one shard of the keyspace. */
export const reconcileNamed = (cluster: Cluster, name: string, dryRun: boolean): Promise<Reconciliation> =>
  onDirectory(cluster.directoryUrl, async (directory) => {
    const [known] = shardsNamed(await knownShards(directory, [KEYSPACE]), name);
    return reconcileShard(directory, known!, dryRun);
  });
