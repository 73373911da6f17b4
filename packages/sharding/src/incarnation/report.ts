import { codeOf, oneRow, type Sql } from '@stoa/postgres';
import { OperationRefused } from '../errors.js';
import type { Claim } from '../map/shard-map.js';

/** What a shard says of itself and of its server, through one snapshot. */
export interface ShardReport {
  /** The server and the history that agreed with the directory last; null before the first time. */
  readonly server: string | null;
  readonly timeline: string | null;
  readonly serverNow: string;
  readonly timelineNow: string;
  /** How many switches it knows of. */
  readonly switches: number;
  /** It was compared with the directory in this run of its server. */
  readonly confirmed: boolean;
  /** Names this run. */
  readonly run: string;
  readonly owners: readonly Owner[];
}

export type Owner = Omit<Claim, 'shard'>;

/** One statement, for whoever may read the owner table. */
export const REPORT = `SELECT i.server, i.timeline, i.switches::float8 AS switches,
    sharding.server_identity() AS "serverNow", sharding.server_timeline() AS "timelineNow",
    coalesce(sharding.was_compared(), false) AS confirmed, sharding.this_run() AS run,
    (SELECT coalesce(json_agg(json_build_object('bucket', bucket, 'state', state, 'epoch', epoch)), '[]')
     FROM sharding.bucket_owner) AS owners
  FROM sharding.identity AS i`;

/** @throws OperationRefused for a shard that the migrations of this release have not reached. */
export async function readReport(sql: Sql, keyspace: string, shard: string): Promise<ShardReport> {
  try {
    return await oneRow<ShardReport>(sql, REPORT);
  } catch (error) {
    // undefined_column, undefined_function
    if (codeOf(error) !== '42703' && codeOf(error) !== '42883') throw error;
    const what = `${keyspace}/${shard} has the fence of an older release: run its migrations first`;
    throw new OperationRefused(what, { cause: error });
  }
}
