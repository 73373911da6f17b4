import type { Sql } from '@stoa/postgres';
import { currentMoves } from '../moves/current-moves.js';
import {
  chooseBuckets,
  combineIntoMoves,
  type Assignment,
  type MoveSize,
  type BalanceBy,
  type PlacedBucket,
  type Transfer,
} from './plan-transfers.js';
import { checkDiskSpace, inspectShards, type PreflightOptions } from './preflight.js';
import { OperationRefused } from '../errors.js';
import { knownShards, onDirectory, onShard, shardsNamed, type KnownShard } from '../directory/known-shards.js';
import { sumOf, measureBuckets, type DataSize } from '../shards/measure-buckets.js';

/** A request for a rebalance or a drain. */
export interface RebalanceRequest extends PreflightOptions {
  readonly directoryUrl: string;
  /** All by default. */
  readonly keyspaces?: readonly string[];
  /** The measure that is balanced; bytes by default. */
  readonly by?: BalanceBy;
  /** Only empties this shard; a rebalance evens the shares of the others. */
  readonly drain?: string;
  /** The most that one move takes. */
  readonly moveSize?: Partial<MoveSize>;
  /** The share of the mean by which shards may differ. */
  readonly tolerance?: number;
}

/** One move of a plan. */
export interface PlannedMove extends Transfer {
  readonly keyspace: string;
  /** The approximate duration. */
  readonly seconds: number;
}

/** The data of a shard before and after a plan. */
export interface ShardShare {
  readonly keyspace: string;
  readonly shard: string;
  readonly before: DataSize & { readonly buckets: number };
  readonly after: DataSize & { readonly buckets: number };
}

/** A plan: moves, their effect and their cost. It is never stored. */
export interface RebalancePlan {
  readonly moves: readonly PlannedMove[];
  readonly shares: readonly ShardShare[];
  readonly buckets: number;
  readonly rows: number;
  readonly bytes: number;
  /** The approximate duration, with one move at a time from each shard. */
  readonly seconds: number;
  /** True when rows were counted in samples of large tables. */
  readonly estimated: boolean;
  readonly warnings: readonly string[];
  /** Moves that are under way, and are finished first. */
  readonly unfinished: readonly string[];
}

/** Seconds of a move without rows, for setting up and removing replication. Measured on an idle 2-core machine. */
const SECONDS_PER_MOVE = 2.5;
/** The rate of a copy until a move has been measured. */
const ROWS_PER_SECOND = 15_000;

/**
 * Computes the moves after which shards hold equal shares (or one holds nothing), from a measurement of the present
 * data. It inspects every server that takes part, and changes nothing.
 * @throws OperationRefused
 */
export function planRebalance(request: RebalanceRequest): Promise<RebalancePlan> {
  return onDirectory(request.directoryUrl, async (directory) => {
    const shards = await knownShards(directory, request.keyspaces);
    const drained = request.drain === undefined ? undefined : shardsNamed(shards, request.drain);
    const concerned = drained ? shards.filter((each) => drained.some((one) => one.keyspace === each.keyspace)) : shards;
    if (concerned.length === 0) throw new OperationRefused('There is no shard yet');
    const plans: RebalancePlan[] = [];
    for (const [keyspace, those] of Map.groupBy(concerned, ({ keyspace: name }) => name)) {
      plans.push(await planKeyspace(directory, keyspace, those, request));
    }
    return mergePlans(plans);
  });
}

async function planKeyspace(
  directory: Sql,
  keyspace: string,
  shards: readonly KnownShard[],
  request: RebalanceRequest,
): Promise<RebalancePlan> {
  const { by = 'bytes', drain, tolerance } = request;
  const names = shards.map(({ shard }) => shard);
  const draining = shards.filter(({ shard, draining: on }) => on || shard === drain).map(({ shard }) => shard);
  if (draining.length === names.length) {
    throw new OperationRefused(`${keyspace}: no other shard is left to take what ${drain ?? names.join(', ')} holds`);
  }
  const only = { drainOnly: drain !== undefined, ...(tolerance !== undefined && { tolerance }) };
  return planKeyspaceMoves(directory, keyspace, shards, request, (buckets) =>
    chooseBuckets({ shards: names, draining, buckets, by, ...only }),
  );
}

/** Measures a keyspace's buckets, lets `choose` assign them to shards, and checks the servers that take part. */
export async function planKeyspaceMoves(
  directory: Sql,
  keyspace: string,
  shards: readonly KnownShard[],
  { moveSize, ...options }: Pick<RebalanceRequest, 'moveSize' | 'keepFreeBytes'>,
  choose: (buckets: readonly PlacedBucket[]) => readonly Assignment[],
): Promise<RebalancePlan> {
  const states = await inspectShards(shards);
  const rate = await rowsPerSecond(directory);
  const { buckets, moves: unfinished, estimated } = await placedBuckets(directory, keyspace, shards);
  const transfers = combineIntoMoves(choose(buckets), moveSize);
  const warnings = checkDiskSpace(states, transfers, options);
  const names = shards.map(({ shard }) => shard);
  const moves = transfers.map((transfer) => ({
    ...transfer,
    keyspace,
    seconds: SECONDS_PER_MOVE + transfer.rows / rate,
  }));
  return withTotals({ moves, shares: sharesOf(keyspace, names, buckets, transfers), estimated, warnings, unfinished });
}

/** Lists all buckets with their sizes; those in a move count at their destination. */
async function placedBuckets(directory: Sql, keyspace: string, shards: readonly KnownShard[]) {
  const { rows: map } = await directory.query<{ bucket: number; shard: string }>(
    'SELECT bucket, shard FROM sharding.bucket_map WHERE keyspace = $1 ORDER BY bucket',
    [keyspace],
  );
  const measured = await Promise.all(
    shards.map(async (shard) => [shard.shard, await onShard(shard, (session) => measureBuckets(session))] as const),
  );
  const sizes = new Map(measured);
  const moves = await currentMoves(directory, keyspace);
  const going = new Map(
    moves.flatMap(({ buckets, phase, source, destination }) =>
      buckets.map((bucket) => [bucket, phase === 'aborting' ? source : destination] as const),
    ),
  );
  const buckets = map.map(({ bucket, shard }): PlacedBucket => {
    const size = sizes.get(shard)?.buckets.get(bucket) ?? { rows: 0, bytes: 0 };
    return { bucket, ...size, shard: going.get(bucket) ?? shard, moving: going.has(bucket) };
  });
  const estimated = measured.some(([, size]) => size.estimated);
  return { buckets, moves: moves.map(({ id }) => id), estimated };
}

function sharesOf(
  keyspace: string,
  shards: readonly string[],
  buckets: readonly PlacedBucket[],
  transfers: readonly Transfer[],
): ShardShare[] {
  const to = new Map(transfers.flatMap((transfer) => transfer.buckets.map((bucket) => [bucket, transfer.to] as const)));
  const held = (those: readonly PlacedBucket[]) => ({ ...sumOf(those), buckets: those.length });
  return shards.map((shard) => ({
    keyspace,
    shard,
    before: held(buckets.filter((bucket) => bucket.shard === shard)),
    after: held(buckets.filter((bucket) => (to.get(bucket.bucket) ?? bucket.shard) === shard)),
  }));
}

/** Computes the rate of earlier moves' copies, with all of their waiting. */
async function rowsPerSecond(directory: Sql): Promise<number> {
  const { rows } = await directory.query<{ rows: string | null; ms: string | null }>(
    `SELECT sum((info->>'rows')::bigint) AS rows, sum((info->>'copyMs')::bigint) AS ms FROM (
       SELECT info FROM sharding.moves WHERE phase = 'done' AND info ? 'copyMs' AND (info->>'rows')::bigint >= 10000
       ORDER BY id DESC LIMIT 20) AS latest`,
  );
  const { rows: copied, ms } = rows[0] ?? { rows: null, ms: null };
  if (copied === null || !Number(ms)) return ROWS_PER_SECOND;
  return Math.max(100, (Number(copied) * 1_000) / Number(ms));
}

const mergePlans = (plans: readonly RebalancePlan[]): RebalancePlan =>
  withTotals({
    moves: plans.flatMap((plan) => plan.moves),
    shares: plans.flatMap((plan) => plan.shares),
    estimated: plans.some((plan) => plan.estimated),
    warnings: plans.flatMap((plan) => plan.warnings),
    unfinished: plans.flatMap((plan) => plan.unfinished),
  });

function withTotals(plan: Omit<RebalancePlan, 'buckets' | 'rows' | 'bytes' | 'seconds'>): RebalancePlan {
  const sources = Map.groupBy(plan.moves, ({ from }) => from);
  const each = [...sources.values()].map((those) => those.reduce((sum, { seconds }) => sum + seconds, 0));
  const buckets = plan.moves.reduce((sum, move) => sum + move.buckets.length, 0);
  return { ...plan, buckets, ...sumOf(plan.moves), seconds: Math.max(0, ...each) };
}
