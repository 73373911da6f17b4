import { BUCKETS } from './bucket.js';

/** The shard of one bucket, with the epoch that counts the bucket's moves. */
export interface Placement {
  readonly shard: string;
  readonly epoch: number;
}

/** The identity and history that a shard's server must have to be trusted. */
export interface Incarnation {
  /** The server and its database, as `sharding.server_identity()`. */
  readonly server: string;
  readonly timeline: string;
  /** The number of switches that it must know of at least. */
  readonly switches: number;
}

/** The shards of a keyspace and their buckets at one moment. */
export interface ShardMap {
  readonly keyspace: string;
  /** The directory's version; 0 for a map that was rebuilt from the shards. */
  readonly version: number;
  /** The URL of each shard, by its name. Secrets: never log them. */
  readonly shards: ReadonlyMap<string, string>;
  /** By bucket number; undefined where no shard claims the bucket. */
  readonly placements: readonly (Placement | undefined)[];
  /** By shard; missing where the directory has no record of the server yet. */
  readonly incarnations?: ReadonlyMap<string, Incarnation>;
}

/** Lists the buckets of each shard of a map; shards without any are left out. */
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

/** Lists the buckets that no shard of a map has. */
export const unplaced = (map: ShardMap): number[] =>
  Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter((bucket) => !map.placements[bucket]);

/** A shard's own record of one bucket. */
export interface Claim extends Placement {
  readonly bucket: number;
  readonly state: string;
}

const SERVES = new Set(['owned', 'fenced']);

/**
 * Computes placements from the shards' claims: of the shards that serve a bucket, the one with the highest epoch has
 * it. Within a switch no shard serves it for a moment (`gone` here, `ready` there): the bucket then belongs to the
 * ready one. A `gone` record outranks claims of the same or a lower epoch: those come from a server that went back in
 * time.
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
