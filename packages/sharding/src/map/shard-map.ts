import { BUCKETS } from './bucket.js';

/** Where one bucket lives. */
export interface Placement {
  readonly shard: string;
  readonly epoch: number;
}

/** What a shard's server must be to be believed. */
export interface Incarnation {
  /** The server and its database, as `sharding.server_identity()`. */
  readonly server: string;
  readonly timeline: string;
  /** The least number of switches that it must know of. */
  readonly switches: number;
}

/** Which shard holds which bucket, at one moment. */
export interface ShardMap {
  readonly keyspace: string;
  /** The directory's version; 0 when the map was put together from the shards. */
  readonly version: number;
  /** The URL of each shard, by its name. Secrets: never log them. */
  readonly shards: ReadonlyMap<string, string>;
  /** By bucket. Undefined: nobody claims it. */
  readonly placements: readonly (Placement | undefined)[];
  /** By the shard's name; none where the directory has not heard of its server yet. */
  readonly incarnations?: ReadonlyMap<string, Incarnation>;
}

/** The buckets that each shard of a map holds; shards without any are left out. */
export function bucketsByShard(map: ShardMap): Map<string, number[]> {
  const held = new Map<string, number[]>();
  map.placements.forEach((placement, bucket) => {
    if (!placement) return;
    const buckets = held.get(placement.shard);
    if (buckets) buckets.push(bucket);
    else held.set(placement.shard, [bucket]);
  });
  return held;
}

/** The buckets that no shard of a map holds. */
export const unplaced = (map: ShardMap): number[] =>
  Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter((bucket) => !map.placements[bucket]);

/** What a shard says of one bucket. */
export interface Claim extends Placement {
  readonly bucket: number;
  readonly state: string;
}

const SERVES = new Set(['owned', 'fenced']);

/**
 * The map as the shards themselves see it: of those that serve a bucket the one with the highest epoch. Within a switch
 * nobody serves for a moment (`gone` here, `ready` there): the bucket then goes to the one that is ready for it. Whoever let go of
 * it had it after all claims that are not newer: those are of a server that went back in time.
 */
export function placementsFrom(claims: readonly Claim[]): (Placement | undefined)[] {
  const placements = new Array<Placement | undefined>(BUCKETS).fill(undefined);
  const serving = new Set<number>();
  const left = new Map<number, number>();
  for (const { bucket, state, epoch } of claims)
    if (state === 'gone') left.set(bucket, Math.max(epoch, left.get(bucket) ?? 0));
  for (const { bucket, state, shard, epoch } of claims) {
    const serves = SERVES.has(state);
    if (epoch <= (left.get(bucket) ?? 0)) continue;
    if (!serves && (state !== 'ready' || serving.has(bucket))) continue;
    const known = placements[bucket];
    const first = !known || (serves && !serving.has(bucket));
    if (first || epoch > known.epoch) placements[bucket] = { shard, epoch };
    if (serves) serving.add(bucket);
  }
  return placements;
}
