import type { ShardMap } from '../map/shard-map.js';
import type { ShardReport } from './report.js';

/** How a shard and a map that is not older than the shard's last start disagree. */
export interface Comparison {
  /** Its server is another one, or has begun another history: what it knows may be out of date in every respect. */
  readonly history: string | undefined;
  /** Switches that the directory knows of and it does not. */
  readonly behind: number;
  /** Buckets that the map gives it, and that it does not have, or had before they were elsewhere. */
  readonly lost: readonly number[];
  /** Buckets that it takes for its own, and that have moved away. */
  readonly stale: readonly number[];
  /** The first buckets of a shard that has not got any yet: whoever starts the keyspace is about to give it them. */
  readonly ungiven: readonly number[];
  /** Fenced buckets whose switch has been committed: the mover was about to let go of them. */
  readonly letGo: readonly number[];
}

/**
 * Compares what a shard says with the map. Epochs and the number of switches only grow, and a shard learns of them before the
 * directory does: so a shard that knows more than the map disagrees with nothing, however old the map is, and one that
 * knows less has lost something.
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

/** What keeps a shard from being believed, in words; empty when it agrees with the map. */
export function disagreements({ history, behind, lost, stale }: Omit<Comparison, 'ungiven' | 'letGo'>): string[] {
  const buckets = (numbers: readonly number[]): string =>
    `bucket ${numbers.slice(0, 20).join(', ')}${numbers.length > 20 ? ` and ${numbers.length - 20} more` : ''}`;
  return [
    ...(history === undefined ? [] : [history]),
    ...(behind > 0 ? [`it does not know of the last ${behind} of its switches`] : []),
    ...(stale.length > 0 ? [`it takes ${buckets(stale)} for its own, which moved away`] : []),
    ...(lost.length > 0 ? [`the map gives it ${buckets(lost)}, which it does not have`] : []),
  ];
}
