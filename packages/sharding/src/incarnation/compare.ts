import type { ShardMap } from '../map/shard-map.js';
import type { ShardReport } from './report.js';

/** The differences between a shard and a map that is not older than the shard's last start. */
export interface Comparison {
  /** Set where the server is another one, or has begun another history: anything it knows may be out of date. */
  readonly history: string | undefined;
  /** The number of switches that the directory knows of and the shard does not. */
  readonly behind: number;
  /** Buckets that the map assigns to the shard, and that it lacks or knows by an older epoch. */
  readonly lost: readonly number[];
  /** Buckets that the shard claims, and that have moved to another shard. */
  readonly stale: readonly number[];
  /** The first buckets of a new shard: startKeyspace is about to assign them. */
  readonly ungiven: readonly number[];
  /** Fenced buckets whose switch is committed: the mover was about to release them. */
  readonly letGo: readonly number[];
}

/**
 * Compares a shard's report with the map. Epochs and the number of switches only grow, and a shard learns of them
 * before the directory does. So a shard that knows more than the map agrees with it, however old the map is, and one
 * that knows less has lost something.
 */
export function compareShard(map: ShardMap, shard: string, report: ShardReport): Comparison {
  const owners = new Map(report.owners.map((owner) => [owner.bucket, owner]));
  const isNew = owners.size === 0 && report.switches === 0;
  const missing = { lost: [] as number[], ungiven: [] as number[] };
  const claimed = { owned: [] as number[], fenced: [] as number[] };
  map.placements.forEach((placement, bucket) => {
    const owner = owners.get(bucket);
    if (placement?.shard === shard) {
      if (owner && owner.epoch >= placement.epoch) return;
      missing[isNew && placement.epoch === 1 ? 'ungiven' : 'lost'].push(bucket);
    } else if (owner && (owner.state === 'owned' || owner.state === 'fenced')) {
      if (!placement || owner.epoch <= placement.epoch) claimed[owner.state].push(bucket);
    }
  });
  const known = map.incarnations?.get(shard);
  const behind = Math.max(0, (known?.switches ?? 0) - report.switches);
  return { history: historyOf(map, shard, report), behind, ...missing, stale: claimed.owned, letGo: claimed.fenced };
}

function historyOf({ incarnations }: ShardMap, shard: string, report: ShardReport): string | undefined {
  const { server, timeline, serverNow, timelineNow } = report;
  const known = incarnations?.get(shard);
  const before = [server, ...(known ? [known.server] : [])].find((one) => one !== serverNow);
  if (before !== undefined)
    return `its data are in another database or on another server (${before ?? '?'} → ${serverNow})`;
  const past = [timeline, ...(known ? [known.timeline] : [])].find((one) => one !== timelineNow);
  return past === undefined ? undefined : `its server began a new history (${past ?? '?'} → ${timelineNow})`;
}

/** Describes the differences that keep a shard from being trusted; empty when it agrees with the map. */
export function disagreements({ history, behind, lost, stale }: Omit<Comparison, 'ungiven' | 'letGo'>): string[] {
  const buckets = (numbers: readonly number[]): string =>
    `bucket ${numbers.slice(0, 20).join(', ')}${numbers.length > 20 ? ` and ${numbers.length - 20} more` : ''}`;
  return [
    ...(history === undefined ? [] : [history]),
    ...(behind > 0 ? [`it does not know of the last ${behind} of its switches`] : []),
    ...(stale.length > 0 ? [`it claims ${buckets(stale)}, which moved to another shard`] : []),
    ...(lost.length > 0 ? [`the map gives it ${buckets(lost)}, which it does not have`] : []),
  ];
}
