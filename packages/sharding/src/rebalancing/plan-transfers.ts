import type { DataSize } from '../shards/measure-buckets.js';

/** What a rebalance makes even. */
export type BalanceBy = 'bytes' | 'rows';

export interface PlacedBucket extends DataSize {
  readonly bucket: number;
  readonly shard: string;
  /** A move has it already: it counts where it is going, and stays out of the plan. */
  readonly moving?: boolean;
}

export interface TransferInput {
  readonly shards: readonly string[];
  /** Shards that are to give all their buckets away. */
  readonly draining: readonly string[];
  readonly buckets: readonly PlacedBucket[];
  readonly by: BalanceBy;
  /** Only draining shards give buckets away; the others' shares are left as they are. */
  readonly drainOnly?: boolean;
  /** Shards whose shares are this close to the mean are even enough. */
  readonly tolerance?: number;
  /** The most that one move takes. */
  readonly group?: Partial<MoveSize>;
}

export interface MoveSize {
  readonly buckets: number;
  readonly rows: number;
}

/** A group of buckets that one move takes from one shard to another. */
export interface Transfer extends DataSize {
  readonly from: string;
  readonly to: string;
  readonly buckets: readonly number[];
}

/**
 * What a bucket weighs by itself. Customers to come spread over all buckets alike, so where there is little data the
 * number of buckets must count more than who happens to live in them.
 */
const EMPTY: Readonly<Record<BalanceBy, number>> = { bytes: 64 * 1024, rows: 100 };
const TOLERANCE = 0.05;
export const DEFAULT_MOVE_SIZE: MoveSize = { buckets: 64, rows: 250_000 };

/**
 * Which buckets to move so that shards hold equal shares, moving as little as possible. Shards above the mean give,
 * shards below it take, and neither crosses it: whatever has been moved, the same rule then finds only the rest to do.
 * @throws Error when no shard is left to take anything.
 */
export function planTransfers(input: TransferInput): Transfer[] {
  return combineIntoMoves(chooseBuckets(input), input.group);
}

/** A bucket, and where it is to go. */
export interface Assignment {
  readonly bucket: PlacedBucket;
  readonly to: string;
}

/** As planTransfers, bucket by bucket. */
export function chooseBuckets(input: TransferInput): Assignment[] {
  const { shards, draining, buckets, by, drainOnly = false, tolerance = TOLERANCE } = input;
  const staying = shards.filter((shard) => !draining.includes(shard));
  if (staying.length === 0) throw new Error('No shard is left to take the buckets');
  const weightOf = (bucket: DataSize): number => bucket[by] + EMPTY[by];
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
 * A giving shard's buckets, so that what goes first is a mixture like what stays: heavy and light ones in the same proportion.
 * (The heaviest first would send all that has customers to a new shard, while there are few.) Then the rest, the heaviest
 * first, so that light ones fill what is left.
 * @param movable sorted by weight
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

/** Puts buckets that go the same way into groups, and lets the ways take turns: what many sources give arrives evenly. */
export function combineIntoMoves(
  assigned: readonly Assignment[],
  { buckets: most = DEFAULT_MOVE_SIZE.buckets, rows: mostRows = DEFAULT_MOVE_SIZE.rows }: Partial<MoveSize> = {},
): Transfer[] {
  const ways = Map.groupBy(assigned, ({ bucket, to }) => `${bucket.shard} ${to}`);
  const turns = [...ways].map(([way, buckets]) => {
    const [from = '', to = ''] = way.split(' ');
    const groups: PlacedBucket[][] = [];
    let rows = Infinity;
    for (const { bucket } of buckets.toSorted((a, b) => a.bucket.bucket - b.bucket.bucket)) {
      const last = groups.at(-1);
      if (!last || last.length >= most || rows + bucket.rows > mostRows) {
        groups.push([bucket]);
        rows = bucket.rows;
      } else {
        last.push(bucket);
        rows += bucket.rows;
      }
    }
    return groups.map((group) => toTransfer(from, to, group));
  });
  const longest = Math.max(0, ...turns.map((groups) => groups.length));
  return Array.from({ length: longest }, (_, turn) => turns.flatMap((groups) => groups[turn] ?? [])).flat();
}

function toTransfer(from: string, to: string, group: readonly PlacedBucket[]): Transfer {
  const rows = group.reduce((sum, bucket) => sum + bucket.rows, 0);
  const bytes = group.reduce((sum, bucket) => sum + bucket.bytes, 0);
  return { from, to, buckets: group.map(({ bucket }) => bucket), rows, bytes };
}
