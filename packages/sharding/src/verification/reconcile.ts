import type { Sql } from '@stoa/postgres';
import { compareShard, disagreements, type Comparison } from '../incarnation/compare.js';
import { letServe } from '../incarnation/confirm.js';
import { readReport, type ShardReport } from '../incarnation/report.js';
import { expectShard } from '../installation/install.js';
import { loadMap } from '../map/load-map.js';
import type { ShardMap } from '../map/shard-map.js';
import { OperationRefused } from '../errors.js';
import { knownShards, onShard, shardsNamed, type KnownShard } from '../directory/known-shards.js';

/** The outcome of a reconciliation. */
export interface Reconciliation {
  readonly keyspace: string;
  readonly shard: string;
  /** The history (timeline) of its server when it last agreed with the directory. */
  readonly before: string | null;
  /** The history of its server now. */
  readonly now: string;
  /** Buckets that it claimed although they have moved to other shards. Their rows are orphans now. */
  readonly released: readonly number[];
  /** The differences that were found; left out where there were none. */
  readonly found?: readonly string[];
}

/** Options of reconcileEverywhere. */
export interface ReconcileRequest {
  readonly shard: string;
  /** By default all keyspaces that have the shard. */
  readonly keyspaces?: readonly string[];
  /** Only reports what would be done. */
  readonly dryRun?: boolean;
}

/**
 * Lets a shard serve again in all keyspaces that have it. All are checked before the first is changed.
 * @throws OperationRefused; SessionLost when its server is unavailable.
 */
export async function reconcileEverywhere(directory: Sql, request: ReconcileRequest): Promise<Reconciliation[]> {
  const { shard, keyspaces, dryRun = false } = request;
  const meant = shardsNamed(await knownShards(directory, keyspaces), shard);
  const intended: Reconciliation[] = [];
  for (const known of meant) intended.push(await reconcileShard(directory, known, true));
  if (dryRun) return intended;
  const done: Reconciliation[] = [];
  for (const known of meant) done.push(await reconcileShard(directory, known));
  return done;
}

/**
 * Compares a shard with the map, after its server was restored, copied or replaced, and lets it serve again. It
 * releases buckets that the map has on other shards. Where both agree, nothing changes.
 * @param directory a session with the directory.
 * @throws OperationRefused when the map assigns it buckets that it does not know of: it has lost committed rows.
 */
export async function reconcileShard(directory: Sql, known: KnownShard, dryRun = false): Promise<Reconciliation> {
  const { keyspace, shard } = known;
  const map = await loadMap(directory, keyspace);
  const { rows: moves } = await directory.query<{ id: string; buckets: number[] }>(
    `SELECT id, buckets FROM sharding.moves WHERE keyspace = $1 AND phase NOT IN ('done', 'aborted')`,
    [keyspace],
  );
  const { report, found, released } = await onShard(known, (session) =>
    session.transaction(async (tx) => {
      await tx.query('SET LOCAL synchronous_commit = on');
      await expectShard(tx, keyspace, shard);
      await tx.query('SELECT FROM sharding.identity FOR UPDATE');
      await tx.query('SELECT FROM sharding.bucket_owner FOR UPDATE');
      const before = await readReport(tx, keyspace, shard);
      const comparison = compareShard(map, shard, before);
      const moving = new Set(moves.flatMap(({ buckets }) => buckets));
      refuseLoss(known, [...comparison.lost, ...unfinished(map, shard, before, moving)]);
      const outcome = { report: before, found: disagreements(comparison), released: releasedBuckets(comparison) };
      if (dryRun || (outcome.found.length === 0 && before.confirmed)) return outcome;
      const running = moves.map(({ id }) => id);
      const switches = await settle(tx, outcome, map.incarnations?.get(shard)?.switches ?? 0, running);
      return { ...outcome, report: { ...before, switches } };
    }),
  );
  const { timeline, timelineNow } = report;
  if (!dryRun) await replaceIncarnation(directory, keyspace, shard, report);
  return { keyspace, shard, before: timeline, now: timelineNow, released, ...(found.length > 0 && { found }) };
}

const releasedBuckets = ({ stale, letGo }: Comparison): number[] => [...stale, ...letGo].toSorted((a, b) => a - b);

/** Buckets of a finished move that are still `ready` here: the server lacks all that was written to them since. */
const unfinished = (map: ShardMap, shard: string, { owners }: ShardReport, moving: ReadonlySet<number>): number[] =>
  owners
    .filter(({ bucket, state }) => state === 'ready' && map.placements[bucket]?.shard === shard && !moving.has(bucket))
    .map(({ bucket }) => bucket);

function refuseLoss({ keyspace, shard }: KnownShard, lost: readonly number[]): void {
  if (lost.length === 0) return;
  throw new OperationRefused(
    `The server of ${keyspace}/${shard} lacks what was committed: the map gives it bucket ${lost.slice(0, 20).join(', ')}` +
      `${lost.length > 20 ? ` and ${lost.length - 20} more` : ''}, which it does not have. Bring back a server that has them`,
  );
}

/**
 * Brings the shard in line with the map. Where they differed, it counts one more switch: the server that it replaces
 * may come back, and then lacks that switch.
 */
async function settle(
  tx: Sql,
  { report, found, released }: { report: ShardReport; found: readonly string[]; released: readonly number[] },
  expected: number,
  running: readonly string[],
): Promise<number> {
  // An unfinished move finds its own marks again; those of other moves are meaningless.
  await tx.query(
    `UPDATE sharding.bucket_owner SET state = 'gone', move_id = CASE WHEN move_id = ANY ($2) THEN move_id END
     WHERE bucket = ANY ($1)`,
    [released, running],
  );
  const switches = Math.max(report.switches, expected) + (found.length > 0 ? 1 : 0);
  await tx.query('UPDATE sharding.identity SET server = $1, timeline = $2, switches = $3', [
    report.serverNow,
    report.timelineNow,
    switches,
  ]);
  await letServe(tx, report, []);
  return switches;
}

/** Runs after the shard's own change: an interruption in between shows as a difference, which is reconciled again. */
async function replaceIncarnation(directory: Sql, keyspace: string, shard: string, report: ShardReport): Promise<void> {
  await directory.query(
    `INSERT INTO sharding.incarnations AS i (keyspace, shard, server, timeline, switches) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (keyspace, shard) DO UPDATE SET server = excluded.server, timeline = excluded.timeline,
       switches = greatest(i.switches, excluded.switches)`,
    [keyspace, shard, report.serverNow, report.timelineNow, report.switches],
  );
}
