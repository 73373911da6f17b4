import { sumOf, type DataSize } from '../shards/measure-buckets.js';

/** The measure that a rebalance evens out. */
export type BalanceBy = 'bytes' | 'rows';

/** A bucket with its shard and its size. */
export interface PlacedBucket extends DataSize {
  readonly bucket: number;
  readonly shard: string;
  /** True in a move: the bucket counts at its destination, and stays out of the plan. */
  readonly moving?: boolean;
}

/** The state from which planTransfers plans. */
export interface TransferInput {
  readonly shards: readonly string[];
  /** Shards that lose all of their buckets. */
  readonly draining: readonly string[];
  readonly buckets: readonly PlacedBucket[];
  readonly by: BalanceBy;
  /** Only draining shards lose buckets; the others' shares stay as they are. */
  readonly drainOnly?: boolean;
  /** The share of the mean by which shards may differ; 0.05 by default. */
  readonly tolerance?: number;
  /** The most that one move takes. */
  readonly moveSize?: Partial<MoveSize>;
}

/** The most buckets and rows of one move. */
export interface MoveSize {
  readonly buckets: number;
  readonly rows: number;
}

/** The buckets that one move takes from one shard to another. */
export interface Transfer extends DataSize {
  readonly from: string;
  readonly to: string;
  readonly buckets: readonly number[];
}

/**
 * The load of an empty bucket. New customers spread evenly over all buckets, so with little data the number of buckets
 * must count more than their present rows.
 */
const EMPTY_LOAD: Readonly<Record<BalanceBy, number>> = { bytes: 64 * 1024, rows: 100 };
const TOLERANCE = 0.05;
/** The size of moves where none is requested. */
export const DEFAULT_MOVE_SIZE: MoveSize = { buckets: 64, rows: 250_000 };

/**
 * Plans the moves after which shards hold equal shares, moving as little as possible. Shards above the mean give,
 * shards below it take, and neither crosses it: after any number of the moves, a new plan holds only the rest.
 * @throws Error when no shard is left to take buckets.
 */
export function planTransfers(input: TransferInput): Transfer[] {
  return combineIntoMoves(chooseBuckets(input), input.moveSize);
}

/** A bucket and its new shard. */
export interface Assignment {
  readonly bucket: PlacedBucket;
  readonly to: string;
}

/** Does the same as planTransfers, bucket by bucket. */
export function chooseBuckets(input: TransferInput): Assignment[] {
  const { shards, draining, buckets, by, drainOnly = false, tolerance = TOLERANCE } = input;
  const staying = shards.filter((shard) => !draining.includes(shard));
  if (staying.length === 0) throw new Error('No shard is left to take the buckets');
  const weightOf = (bucket: DataSize): number => bucket[by] + EMPTY_LOAD[by];
  const loads = new Map(shards.map((shard) => [shard, 0]));
  for (const bucket of buckets) loads.set(bucket.shard, (loads.get(bucket.shard) ?? 0) + weightOf(bucket));
  const mean = [...loads.values()].reduce((sum, load) => sum + load, 0) / staying.length;
  // The same input always gives the same plan.
  const movable = buckets
    .filter(({ moving }) => !moving)
    .toSorted((a, b) => weightOf(b) - weightOf(a) || a.bucket - b.bucket);
  const assigned: Assignment[] = [];
  const assign = (bucket: PlacedBucket, to: string): void => {
    loads.set(bucket.shard, (loads.get(bucket.shard) ?? 0) - weightOf(bucket));
    loads.set(to, (loads.get(to) ?? 0) + weightOf(bucket));
    assigned.push({ bucket, to });
  };
  const lightest = (): string => staying.reduce((a, b) => ((loads.get(b) ?? 0) < (loads.get(a) ?? 0) ? b : a));
  for (const bucket of movable) if (draining.includes(bucket.shard)) assign(bucket, lightest());
  if (drainOnly) return assigned;
  const uneven = staying.some((shard) => Math.abs((loads.get(shard) ?? 0) - mean) > tolerance * mean);
  if (!uneven) return assigned;
  for (const bucket of mixedFirst(movable, loads, mean)) {
    if (draining.includes(bucket.shard)) continue;
    const to = lightest();
    const weight = weightOf(bucket);
    const surplus = (loads.get(bucket.shard) ?? 0) - mean;
    const room = mean - (loads.get(to) ?? 0);
    if (weight <= surplus && weight <= room) assign(bucket, to);
  }
  return assigned;
}

/**
 * Orders a giving shard's buckets so that those moved first are a mixture like those that stay, with heavy and light
 * ones in the same proportion. (The heaviest first would send all buckets with customers to a new shard, while
 * customers are few.) The rest follows, the heaviest first, so that light ones fill the remaining space.
 * @param movable sorted by weight.
 */
function mixedFirst(
  movable: readonly PlacedBucket[],
  loads: ReadonlyMap<string, number>,
  mean: number,
): readonly PlacedBucket[] {
  const seen = new Map<string, number>();
  const isMixture = ({ shard }: PlacedBucket): boolean => {
    const load = loads.get(shard) ?? 0;
    const share = load > mean ? (load - mean) / load : 0;
    const n = seen.get(shard) ?? 0;
    seen.set(shard, n + 1);
    return Math.floor((n + 1) * share) > Math.floor(n * share);
  };
  const mixture = new Set(movable.filter(isMixture));
  return [...mixture, ...movable.filter((bucket) => !mixture.has(bucket))];
}

/**
 * Combines buckets of one route into moves, and lets the routes take turns, so that buckets of many sources arrive
 * evenly.
 */
export function combineIntoMoves(
  assigned: readonly Assignment[],
  { buckets: most = DEFAULT_MOVE_SIZE.buckets, rows: mostRows = DEFAULT_MOVE_SIZE.rows }: Partial<MoveSize> = {},
): Transfer[] {
  const routes = Map.groupBy(assigned, ({ bucket, to }) => `${bucket.shard} ${to}`);
  const movesByRoute = [...routes].map(([route, buckets]) => {
    const [from = '', to = ''] = route.split(' ');
    const moves: PlacedBucket[][] = [];
    let rows = Infinity;
    for (const { bucket } of buckets.toSorted((a, b) => a.bucket.bucket - b.bucket.bucket)) {
      const last = moves.at(-1);
      if (!last || last.length >= most || rows + bucket.rows > mostRows) {
        moves.push([bucket]);
        rows = bucket.rows;
      } else {
        last.push(bucket);
        rows += bucket.rows;
      }
    }
    return moves.map((placed) => toTransfer(from, to, placed));
  });
  const longest = Math.max(0, ...movesByRoute.map((moves) => moves.length));
  return Array.from({ length: longest }, (_, turn) => movesByRoute.flatMap((moves) => moves[turn] ?? [])).flat();
}

function toTransfer(from: string, to: string, placed: readonly PlacedBucket[]): Transfer {
  return { from, to, buckets: placed.map(({ bucket }) => bucket), ...sumOf(placed) };
}
