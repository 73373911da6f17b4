import type { Sql } from '@stoa/postgres';
import { compareShard, disagreements, type Comparison } from '../incarnation/compare.js';
import { letServe } from '../incarnation/confirm.js';
import { readReport, type ShardReport } from '../incarnation/report.js';
import { expectShard } from '../installation/install.js';
import { loadMap } from '../map/load-map.js';
import type { ShardMap } from '../map/shard-map.js';
import { OperationRefused } from '../errors.js';
import { knownShards, onShard, shardsNamed, type KnownShard } from '../directory/known-shards.js';

/** What a shard's server was told. */
export interface Reconciliation {
  readonly keyspace: string;
  readonly shard: string;
  /** The histories (timelines) of its server: when it last agreed with the directory, and now. */
  readonly before: string | null;
  readonly now: string;
  /** Buckets that it took for its own although they have moved away. It serves them no more; their rows are orphans. */
  readonly released: readonly number[];
  /** In what they disagreed; left out where in nothing. */
  readonly found?: readonly string[];
}

export interface ReconcileRequest {
  readonly shard: string;
  /** All that have it if not given. */
  readonly keyspaces?: readonly string[];
  /** Only look what would be done. */
  readonly dryRun?: boolean;
}

/**
 * Lets a shard serve again in all keyspaces that have it; each is looked at before one is changed.
 * @throws OperationRefused; SessionLost when its server can't be reached.
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
 * Compares what a shard believes to own with what the map says, after its server was restored, copied or replaced, and lets it
 * serve again. What the map has elsewhere is given up. Where they agree, nothing changes.
 * @param directory a session with the directory.
 * @throws OperationRefused when the map gives it buckets that it does not know of: it has lost what was committed there.
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

/** Buckets that a move brought whose end this server did not hear of: it lacks what was written to them since. */
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
 * Makes the shard what the map says it is. Where it was not, it counts one more switch: the server whose place it took may come
 * back, and is then the one that lacks something.
 */
async function settle(
  tx: Sql,
  { report, found, released }: { report: ShardReport; found: readonly string[]; released: readonly number[] },
  expected: number,
  running: readonly string[],
): Promise<number> {
  // A move that is under way finds its own marks again; what is left of others means nothing any more.
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

/** After the shard itself: who is interrupted in between finds them to disagree, and reconciles once more. */
async function replaceIncarnation(directory: Sql, keyspace: string, shard: string, report: ShardReport): Promise<void> {
  await directory.query(
    `INSERT INTO sharding.incarnations AS i (keyspace, shard, server, timeline, switches) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (keyspace, shard) DO UPDATE SET server = excluded.server, timeline = excluded.timeline,
       switches = greatest(i.switches, excluded.switches)`,
    [keyspace, shard, report.serverNow, report.timelineNow, report.switches],
  );
}
