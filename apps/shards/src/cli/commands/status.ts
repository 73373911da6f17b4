import { bar, counted, duration, grouped, ranges, size, table } from '@stoa/cli';
import { clusterStatus, type ClusterStatus, type CurrentMove, type Orphans, type ShardStatus } from '@stoa/sharding';
import type { CommandRun } from '../terminal.js';

/** Shows shards, their data, and the moves under way. */
export const status: CommandRun = async ({ directoryUrl, options, say, printJson }) => {
  const found = await clusterStatus(directoryUrl, options.keyspaces);
  printJson(found);
  for (const line of linesOf(found)) say(line);
  return found.shards.every(({ health }) => health !== null) ? 0 : 1;
};

function linesOf({ keyspaces, shards, moves }: ClusterStatus): string[] {
  if (keyspaces.length === 0) return ['There is no keyspace yet.'];
  const lines = keyspaces.flatMap(({ keyspace, mapVersion, unplaced }) => {
    const those = shards.filter((shard) => shard.keyspace === keyspace);
    const gaps = unplaced > 0 ? `, ${counted(unplaced, 'bucket')} without a shard` : '';
    return [`${keyspace} (map version ${mapVersion}${gaps})`, shardTable(those), ''];
  });
  const slots = shards.flatMap(({ keyspace, shard, health }) =>
    (health?.slots ?? []).map(({ name, active, keptBytes }) => {
      return `  ${keyspace}/${shard} keeps ${size(keptBytes)} of log for the slot ${name}${active ? '' : ', which nobody reads'}`;
    }),
  );
  const under = moves.length === 0 ? ['No move is under way.'] : ['Moves', ...moves.map(moveLine)];
  return [...lines, ...under, ...(slots.length > 0 ? ['Replication slots', ...slots] : [])];
}

function shardTable(shards: readonly ShardStatus[]): string {
  const total = shards.reduce((sum, { health }) => sum + (health?.bytes ?? 0), 0);
  const rows = shards.map((each) => {
    const { shard, buckets, at, health } = each;
    if (!health) return [shard, bar(0), grouped(buckets), '?', '?', '?', '?', `${at} ${notes(each)}`];
    const about = health.estimated ? '~' : '';
    const connections = `${health.connections}/${health.maxConnections}`;
    return [
      ...[shard, bar(total > 0 ? health.bytes / total : 0), grouped(buckets), `${about}${grouped(health.rows)}`],
      ...[size(health.bytes), connections, String(health.slots.length), `${at} ${notes(each)}`],
    ];
  });
  const head = ['shard', 'share of bytes', 'buckets', 'rows', 'bytes', 'connections', 'slots', ''];
  return table([head, ...rows], { right: [2, 3, 4, 5, 6] });
}

function notes({ draining, problem, health }: ShardStatus): string {
  const words = [
    ...(problem === null ? [] : [problem]),
    ...(draining ? ['draining'] : []),
    ...(health && health.orphans.length > 0 ? [orphansOf(health.orphans)] : []),
    ...(health && health.fenced > 0 ? [`${counted(health.fenced, 'bucket')} refuse writes`] : []),
  ];
  return words.length === 0 ? '' : `(${words.join('; ')})`;
}

function orphansOf(orphans: readonly Orphans[]): string {
  const rows = orphans.reduce((sum, each) => sum + each.rows, 0);
  const buckets = new Set(orphans.flatMap((each) => each.buckets));
  return `${counted(rows, 'orphaned row')} of ${counted(buckets.size, 'bucket')}: see purge-orphans`;
}

/** A move, on one line. */
export function moveLine({
  id,
  keyspace,
  source,
  destination,
  buckets,
  phase,
  paused,
  running,
  quietSeconds,
}: CurrentMove): string {
  const who = running
    ? 'a mover works on it'
    : paused
      ? 'paused'
      : `nobody has worked on it for ${duration(quietSeconds)}`;
  return `  ${id}  ${keyspace} ${source} → ${destination}, ${counted(buckets.length, 'bucket')} (${ranges(buckets)}): ${phase}, ${who}`;
}
