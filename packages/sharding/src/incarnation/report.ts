import { codeOf, oneRow, type Sql } from '@stoa/postgres';
import { OperationRefused } from '../errors.js';
import type { Claim } from '../map/shard-map.js';

/** A shard's own account of its buckets and its server, from one snapshot. */
export interface ShardReport {
  /** The server that agreed with the directory last; null before the first comparison. */
  readonly server: string | null;
  /** The history of that server. */
  readonly timeline: string | null;
  readonly serverNow: string;
  readonly timelineNow: string;
  /** The number of switches that it knows of. */
  readonly switches: number;
  /** True when it was compared with the directory since its server was started. */
  readonly confirmed: boolean;
  /** The id of this run of the server. */
  readonly run: string;
  readonly owners: readonly Owner[];
}

/** A bucket's state and epoch on the shard. */
export type Owner = Omit<Claim, 'shard'>;

/** The report's statement; it needs the right to read the owner table. */
export const REPORT = `SELECT i.server, i.timeline, i.switches::float8 AS switches,
    sharding.server_identity() AS "serverNow", sharding.server_timeline() AS "timelineNow",
    coalesce(sharding.was_compared(), false) AS confirmed, sharding.this_run() AS run,
    (SELECT coalesce(json_agg(json_build_object('bucket', bucket, 'state', state, 'epoch', epoch)), '[]')
     FROM sharding.bucket_owner) AS owners
  FROM sharding.identity AS i`;

/** Reads a shard's report. @throws OperationRefused where this release's migrations have not run. */
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
