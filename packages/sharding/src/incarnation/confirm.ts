import { oneRow, type Sql } from '@stoa/postgres';
import { loadMap } from '../map/load-map.js';
import type { ShardMap } from '../map/shard-map.js';
import { OperationRefused } from '../errors.js';
import { compareShard, disagreements, type Comparison } from './compare.js';
import { readReport, type ShardReport } from './report.js';

/** The message for a server that serves nothing until an operator reconciles it. */
export const notReconciled = (keyspace: string, shard: string, reasons: readonly string[]): string =>
  `The server of ${keyspace}/${shard} was restored, or took over from another: it serves nothing until it is reconciled ` +
  `with the directory (${reasons.join('; ')})`;

/** Accepts a comparison without differences. @throws OperationRefused that lists the differences. */
export function expectAgreement(keyspace: string, shard: string, comparison: Comparison): void {
  const reasons = disagreements(comparison);
  if (reasons.length > 0) throw new OperationRefused(notReconciled(keyspace, shard, reasons));
}

/**
 * Compares a shard with the directory, and lets it serve if they agree. The server's identity and switches are recorded
 * in the directory.
 * @param directory a session of the directory's owner; the shard must be registered there.
 * @param session a session of the shard's owner; its earlier commits must be durable.
 * @throws OperationRefused when they disagree.
 */
export async function confirmShard(directory: Sql, session: Sql, keyspace: string, shard: string): Promise<void> {
  const map = await loadMap(directory, keyspace);
  const report = await readReport(session, keyspace, shard);
  const comparison = compareShard(map, shard, report);
  expectAgreement(keyspace, shard, comparison);
  await letServe(session, report, comparison.letGo);
  await recordIncarnation(directory, map, shard, report);
}

/** Lets a shard serve that agrees with the map. @returns false when its server was restarted meanwhile. */
export async function letServe(session: Sql, { run }: ShardReport, letGo: readonly number[]): Promise<boolean> {
  const confirm = 'SELECT sharding.confirm($1, $2::smallint[]) AS confirmed';
  return (await oneRow<{ confirmed: boolean }>(session, confirm, [run, letGo])).confirmed;
}

/** Records in the directory the identity and switches of a shard that agrees with it. */
export async function recordIncarnation(
  directory: Sql,
  { keyspace, incarnations }: ShardMap,
  shard: string,
  { serverNow, timelineNow, switches }: ShardReport,
): Promise<void> {
  if ((incarnations?.get(shard)?.switches ?? -1) >= switches) return;
  await directory.query(
    `INSERT INTO sharding.incarnations AS i (keyspace, shard, server, timeline, switches) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (keyspace, shard) DO UPDATE SET switches = greatest(i.switches, excluded.switches)`,
    [keyspace, shard, serverNow, timelineNow, switches],
  );
}

/** Counts an imminent switch on the shard. @returns how many it knows of now. */
export async function countSwitch(tx: Sql): Promise<number> {
  const count = 'UPDATE sharding.identity SET switches = switches + 1 RETURNING switches';
  return Number((await oneRow<{ switches: string }>(tx, count)).switches);
}
