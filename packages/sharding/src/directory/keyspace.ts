import { withSession, type Session, tryLock, type Sql } from '@stoa/postgres';
import { takeInstallLock } from '../installation/install-lock.js';
import { BUCKETS } from '../map/bucket.js';
import { compareShard } from '../incarnation/compare.js';
import { countSwitch, expectAgreement, letServe, recordIncarnation } from '../incarnation/confirm.js';
import { readReport } from '../incarnation/report.js';
import { expectShard } from '../installation/install.js';
import { loadMap } from '../map/load-map.js';
import type { ShardMap } from '../map/shard-map.js';

/** A shard to be registered: its name and its URLs. */
export interface Shard {
  readonly name: string;
  /** The URL for services. It holds a secret: never log it. */
  readonly url: string;
  /** The URL for movers, as a superuser or a role that may replicate, subscribe and set session_replication_role. */
  readonly adminUrl: string;
}

const APPLICATION = 'sharding-directory';

/** Registers a shard in a transaction of its own; see registerShard. */
export async function addShard(directoryUrl: string, keyspace: string, shard: Shard): Promise<void> {
  await inDirectory(directoryUrl, (tx) => registerShard(tx, keyspace, shard));
}

/**
 * Registers a shard in the directory, or changes its URLs. It owns nothing until a keyspace starts on it or a move
 * brings it buckets.
 * @throws SessionLost when its database is unavailable; OperationRefused when the database is another shard's, or must
 * be reconciled.
 */
export async function registerShard(directory: Sql, keyspace: string, shard: Shard): Promise<void> {
  const { name, url, adminUrl } = shard;
  const known = await directory.query('SELECT FROM sharding.shards WHERE keyspace = $1 AND shard = $2', [
    keyspace,
    name,
  ]);
  const map = known.rowCount === 0 ? emptyMap(keyspace) : await loadMap(directory, keyspace);
  await withSession({ url: adminUrl, server: `${keyspace}/${name}`, application: APPLICATION }, async (session) => {
    await expectShard(session, keyspace, name);
    const report = await readReport(session, keyspace, name);
    const comparison = compareShard(map, name, report);
    expectAgreement(keyspace, name, comparison);
    await takeInstallLock(directory);
    await directory.query('INSERT INTO sharding.keyspaces (keyspace) VALUES ($1) ON CONFLICT DO NOTHING', [keyspace]);
    await directory.query(
      `INSERT INTO sharding.shards (keyspace, shard, url, admin_url) VALUES ($1, $2, $3, $4)
       ON CONFLICT (keyspace, shard) DO UPDATE SET url = excluded.url, admin_url = excluded.admin_url`,
      [keyspace, name, url, adminUrl],
    );
    await letServe(session, report, comparison.letGo);
    await recordIncarnation(directory, map, name, report);
  });
}

const emptyMap = (keyspace: string): ShardMap => ({ keyspace, version: 0, shards: new Map(), placements: [] });

/** Lists the shards of a keyspace with the number of their buckets; empty before the first shard is added. */
export async function listShards(directoryUrl: string, keyspace: string): Promise<(Shard & { buckets: number })[]> {
  const { rows } = await inDirectory(directoryUrl, (tx) =>
    tx.query<Shard & { buckets: number }>(
      `SELECT s.shard AS name, s.url, s.admin_url AS "adminUrl",
         (SELECT count(*)::int FROM sharding.bucket_map AS m WHERE (m.keyspace, m.shard) = (s.keyspace, s.shard)) AS buckets
       FROM sharding.shards AS s WHERE s.keyspace = $1 ORDER BY length(s.shard), s.shard`,
      [keyspace],
    ),
  );
  return rows;
}

/** Deletes an empty shard from the directory. @throws Error while it holds buckets or a move names it. */
export async function removeShard(directory: Sql, keyspace: string, shard: string): Promise<void> {
  await directory.query(
    `DELETE FROM sharding.moves WHERE keyspace = $1 AND $2 IN (source, destination) AND phase IN ('done', 'aborted')`,
    [keyspace, shard],
  );
  await directory.query('DELETE FROM sharding.shards WHERE keyspace = $1 AND shard = $2', [keyspace, shard]);
}

/**
 * Spreads all buckets of a new keyspace evenly over shards that were added. A repeated call changes nothing, except
 * that it finishes an interrupted one.
 */
export async function startKeyspace(directoryUrl: string, keyspace: string, shards: readonly string[]): Promise<void> {
  if (shards.length === 0) throw new Error(`The keyspace ${keyspace} needs a shard`);
  await inDirectory(directoryUrl, async (tx) => {
    await takeInstallLock(tx);
    const { rowCount } = await tx.query('SELECT FROM sharding.bucket_map WHERE keyspace = $1 LIMIT 1', [keyspace]);
    if (rowCount !== 0) return;
    await tx.query(
      `INSERT INTO sharding.bucket_map (keyspace, bucket, shard)
       SELECT $1, b, ($2::text[])[1 + b * cardinality($2::text[]) / $3] FROM generate_series(0, $3 - 1) AS b`,
      [keyspace, shards, BUCKETS],
    );
  });
  await withSession({ url: directoryUrl, server: 'the directory', application: APPLICATION }, async (directory) => {
    const map = await loadMap(directory, keyspace);
    const { rows } = await directory.query<{ shard: string; admin_url: string }>(
      `SELECT shard, admin_url FROM sharding.shards WHERE keyspace = $1
       AND shard IN (SELECT shard FROM sharding.bucket_map WHERE keyspace = $1)`,
      [keyspace],
    );
    for (const { shard, admin_url: url } of rows) {
      const settings = { synchronous_commit: 'on' };
      const options = { url, server: `${keyspace}/${shard}`, application: APPLICATION, settings };
      await withSession(options, (session) => assignFirstBuckets(directory, session, map, shard));
    }
  });
}

/** Assigns a shard its first buckets if they are missing. Later ones are brought by moves. */
async function assignFirstBuckets(directory: Sql, session: Session, map: ShardMap, shard: string): Promise<void> {
  const report = await readReport(session, map.keyspace, shard);
  const comparison = compareShard(map, shard, report);
  expectAgreement(map.keyspace, shard, comparison);
  const { ungiven, letGo } = comparison;
  const switches = ungiven.length === 0 ? report.switches : await session.transaction((tx) => assign(tx, ungiven));
  await letServe(session, report, letGo);
  await recordIncarnation(directory, map, shard, { ...report, switches });
}

/** @returns how many switches the shard knows of: an older copy of it lacks the switch that is counted here. */
async function assign(tx: Sql, buckets: readonly number[]): Promise<number> {
  await tx.query(
    `INSERT INTO sharding.bucket_owner (bucket, state, epoch) SELECT b, 'owned', 1 FROM unnest($1::smallint[]) AS b
     ON CONFLICT DO NOTHING`,
    [buckets],
  );
  return countSwitch(tx);
}

/** Runs work in one transaction on the directory. */
export function inDirectory<T>(url: string, work: (tx: Sql) => Promise<T>): Promise<T> {
  return withSession({ url, server: 'the directory', application: APPLICATION }, (s) => s.transaction(work));
}

/**
 * Runs work (a migration of all shards) while no move of the keyspace runs, and keeps moves from starting.
 * @param onWait called when a move, or another migration, must end first.
 */
export async function withoutMoves<T>(
  directoryUrl: string,
  keyspace: string,
  work: () => Promise<T>,
  onWait: () => void = () => undefined,
): Promise<T> {
  return withSession({ url: directoryUrl, server: 'the directory', application: 'sharding-migration' }, async (s) => {
    if (!(await tryLock(s, KEYSPACE_LOCK, keyspace))) {
      onWait();
      await s.query('SELECT pg_advisory_lock($1, hashtext($2))', [KEYSPACE_LOCK, keyspace]);
    }
    return work();
  });
}

/** Class of the advisory locks on keyspaces: shared by moves, exclusive for migrations. */
export const KEYSPACE_LOCK = 1_398_034_242;
