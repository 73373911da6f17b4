import { codeOf, isTransient, oneRow, type Sql } from '@stoa/postgres';
import { withServerTimeout } from '@stoa/timing';
import type { MapClient } from '../map/map-client.js';
import { bucketsByShard, unplaced, type ShardMap } from '../map/shard-map.js';
import { NOT_HERE } from '../error-codes.js';
import type { ShardServer } from '../shard-server.js';
import { AcrossUnavailable, ShardsFailed, stale } from './errors.js';

/** Options of Across. */
export interface AcrossOptions {
  readonly map: MapClient;
  /** The shards' pools, named `<keyspace>@<shard>`: those of a ShardedDatabase. */
  readonly servers: () => readonly ShardServer[];
  /** Milliseconds for which a query is retried while buckets move or a shard is unavailable; 5,000 by default. */
  readonly retryForMs?: number;
  /** Milliseconds for one attempt; by default the session's own timeouts apply. */
  readonly timeoutMs?: number;
  /** Compares a shard's server with the map, when it refuses buckets that the map assigns to it. */
  readonly confirm?: (shard: string) => Promise<unknown>;
  /** Recognises transient errors of the servers, beside those of this package. */
  readonly isTransient?: (error: unknown) => boolean;
}

/** One shard, and the buckets that it must read. */
export interface ShardTarget {
  readonly shard: string;
  readonly server: ShardServer;
  readonly buckets: readonly number[];
}

const MOVED_PAUSE_MS = 20;
const UNREACHABLE_PAUSE_MS = 100;

/**
 * Retries an attempt with the newest map until it succeeds.
 * @throws AcrossUnavailable; errors that are not transient.
 */
export async function withRetries<T>(
  options: AcrossOptions,
  attempt: (targets: readonly ShardTarget[]) => Promise<T>,
): Promise<T> {
  const { map, retryForMs = 5_000 } = options;
  const transient = (error: unknown): boolean => isTransient(error) || options.isTransient?.(error) === true;
  const deadline = performance.now() + retryForMs;
  for (;;) {
    const snapshot = map.current;
    try {
      return await attempt(shardsOf(snapshot, options.servers()));
    } catch (error) {
      if (!(error instanceof ShardsFailed)) throw error;
      const lasting = error.failures.find(({ reason }) => !transient(reason));
      if (lasting) throw lasting.reason;
      if (performance.now() > deadline) throw new AcrossUnavailable(error);
      const moved = error.failures.some(({ reason }) => codeOf(reason) === NOT_HERE);
      if (moved) await map.refresh().catch(() => undefined);
      if (map.current.version === snapshot.version) {
        const refusing = error.failures.filter(({ reason }) => codeOf(reason) === NOT_HERE);
        await Promise.all(refusing.map(({ shard }) => shard !== undefined && options.confirm?.(shard)));
        await map.changeWithin(moved ? MOVED_PAUSE_MS : UNREACHABLE_PAUSE_MS);
      }
    }
  }
}

function shardsOf(map: ShardMap, servers: readonly ShardServer[]): ShardTarget[] {
  const without = unplaced(map).length;
  if (without > 0) throw new ShardsFailed([{ shard: undefined, reason: stale(`no shard holds ${without} buckets`) }]);
  const byName = new Map(servers.map((server) => [server.name, server]));
  return [...bucketsByShard(map)].map(([shard, buckets]) => {
    const server = byName.get(`${map.keyspace}@${shard}`);
    if (!server) throw new ShardsFailed([{ shard, reason: stale('there is no connection to it yet') }]);
    return { shard, server, buckets };
  });
}

/** Queries all shards at once. It waits for all of them, also after a failure, so that no query runs on unnoticed. */
export async function queryAll<T>(
  targets: readonly ShardTarget[],
  timeoutMs: number | undefined,
  query: (one: ShardTarget) => Promise<T>,
): Promise<T[]> {
  const settled = await Promise.allSettled(targets.map((one) => withServerTimeout(timeoutMs, query(one))));
  const failures = settled.flatMap((one, index) =>
    one.status === 'rejected' ? [{ shard: targets[index]?.shard, reason: one.reason as unknown }] : [],
  );
  if (failures.length > 0) throw new ShardsFailed(failures);
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/**
 * Runs reading work in a transaction whose first statement proves that the shard serves the buckets: both use one
 * snapshot. Statements that the work sends at once travel together with the proof, where the server pipelines.
 */
export async function withOwnershipProof<T>(
  tx: Sql,
  buckets: readonly number[],
  timeoutMs: number | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const [begun, proof, done] = await Promise.allSettled([begin(tx, timeoutMs), proveOwnership(tx, buckets), work()]);
  if (begun.status === 'rejected') throw begun.reason;
  if (proof.status === 'rejected') throw proof.reason;
  if (done.status === 'rejected') throw done.reason;
  return done.value;
}

async function begin(tx: Sql, timeoutMs: number | undefined): Promise<void> {
  const settings = [tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY')];
  if (timeoutMs !== undefined) {
    const ms = Math.max(1, Math.floor(timeoutMs));
    settings.push(tx.query(`SET LOCAL statement_timeout = ${ms}`));
    // Where shards are read in step, a fast shard waits for a slow one.
    settings.push(tx.query(`SET LOCAL idle_in_transaction_session_timeout = ${ms}`));
  }
  await Promise.all(settings);
}

async function proveOwnership(tx: Sql, buckets: readonly number[]): Promise<void> {
  const { served } = await oneRow<{ served: string }>(
    tx,
    `SELECT count(*) AS served FROM sharding.bucket_owner
     WHERE bucket = ANY ($1::smallint[]) AND state IN ('owned', 'fenced') AND sharding.was_compared()`,
    [buckets],
  );
  const missing = buckets.length - Number(served);
  if (missing > 0) throw stale(`${missing} of its ${buckets.length} buckets are not there`);
}
