import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Session, withSession, oneRow, type Sql } from '@stoa/postgres';
import { takeInstallLock } from './install-lock.js';
import { notReconciled } from '../incarnation/confirm.js';
import { OperationRefused } from '../errors.js';

/**
 * A sharded table. The rows of a `moved` table move with their bucket; a `drained` table is a queue that must be empty.
 */
export interface ShardedTable {
  readonly name: string;
  readonly kind: 'moved' | 'drained';
  /** The column from which `bucket` is computed at every insert; left out where the insert gives the bucket. */
  readonly keyColumn?: string;
}

/** A shard's database, and the tables that are to be fenced. */
export interface ShardInstallation {
  /** The URL of the tables' owner. */
  readonly url: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly tables: readonly ShardedTable[];
  /** Tables that are the same on every shard. The service reads and writes them without the fence. */
  readonly reference?: readonly string[];
  /** The existing role of services. Its rights are granted; a role that could bypass the fence is refused. */
  readonly serviceRole?: string;
}

const APPLICATION = 'sharding-install';

const sqlFile = (name: string): Promise<string> => readFile(new URL(`../../sql/${name}`, import.meta.url), 'utf8');

/** Creates or updates the directory's tables. Where they are up to date it locks none: movers and services use them. */
export async function installDirectory(url: string): Promise<void> {
  const sql = await sqlFile('directory.sql');
  const version = createHash('sha256').update(sql).digest('hex');
  await withSession({ url, server: 'the directory', application: APPLICATION }, (session) =>
    session.transaction(async (tx) => {
      await takeInstallLock(tx);
      const { installed } = await oneRow<{ installed: string | null }>(
        tx,
        `SELECT obj_description(to_regclass('sharding.keyspaces'), 'pg_class') AS installed`,
      );
      if (installed === version) return;
      await tx.query(sql);
      await tx.query(`COMMENT ON TABLE sharding.keyspaces IS '${version}'`);
    }),
  );
}

/**
 * Lets a service's role read the map, but not the URLs of movers.
 * @param keyspace the keyspace whose shards' URLs the role may see; all keyspaces by default.
 */
export async function grantDirectory(url: string, serviceRole: string, keyspace = '*'): Promise<void> {
  await withSession({ url, server: 'the directory', application: APPLICATION }, (session) =>
    session.transaction(async (tx) => {
      await takeInstallLock(tx);
      const { role } = await oneRow<{ role: string }>(tx, 'SELECT quote_ident($1) AS role', [serviceRole]);
      await tx.query(`GRANT USAGE ON SCHEMA sharding TO ${role};
        GRANT SELECT ON sharding.keyspaces, sharding.bucket_map, sharding.readers TO ${role};
        GRANT SELECT (keyspace, shard, url) ON sharding.shards TO ${role}`);
      await tx.query('INSERT INTO sharding.readers (role, keyspace) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
        serviceRole,
        keyspace,
      ]);
    }),
  );
}

/**
 * Installs the fence in a database, after its migrations. A new shard owns no bucket.
 * @throws Error when the database is another shard already, a table can't be sharded, or the role could bypass the
 * fence.
 */
export async function installShard(options: ShardInstallation): Promise<void> {
  const { url, keyspace, shard, tables, reference = [], serviceRole } = options;
  const { objects, register, version } = await shardSql(options);
  await withSession({ url, server: `${keyspace}/${shard}`, application: APPLICATION }, (session: Session) =>
    session.transaction(async (tx) => {
      await takeInstallLock(tx);
      await tx.query(objects);
      await tx.query(register);
      await identify(tx, keyspace, shard);
      for (const { name, kind, keyColumn = null } of tables) {
        await tx.query('SELECT sharding.register_table($1::regclass, $2, $3)', [name, kind, keyColumn]);
      }
      if (serviceRole !== undefined) {
        await tx.query('SELECT sharding.grant_service($1, $2::regclass[])', [serviceRole, reference]);
      }
      await tx.query(`COMMENT ON SCHEMA sharding IS '${version}'`);
    }),
  );
}

/**
 * Updates the fence of a shard to this release, before the migrations of the same release; its tables stay as they are.
 * @returns false where the database has no fence.
 */
export async function updateFence({
  url,
  keyspace,
  shard,
}: Pick<ShardInstallation, 'url' | 'keyspace' | 'shard'>): Promise<boolean> {
  const [objects, register] = await Promise.all([sqlFile('shard.sql'), sqlFile('register.sql')]);
  return withSession({ url, server: `${keyspace}/${shard}`, application: APPLICATION }, (session) =>
    session.transaction(async (tx) => {
      await takeInstallLock(tx);
      if (!(await isShard(tx))) return false;
      await tx.query(objects);
      await tx.query(register);
      await identify(tx, keyspace, shard);
      return true;
    }),
  );
}

/**
 * Returns true where installShard, which locks every table for a moment, would change nothing, unless a migration
 * created tables again.
 */
export async function isShardInstalled(options: ShardInstallation): Promise<boolean> {
  const { url, keyspace, shard } = options;
  const { version } = await shardSql(options);
  return withSession({ url, server: `${keyspace}/${shard}`, application: APPLICATION }, async (session) => {
    const { installed } = await oneRow<{ installed: string | null }>(
      session,
      `SELECT obj_description(to_regnamespace('sharding'), 'pg_namespace') AS installed`,
    );
    return installed === version;
  });
}

async function shardSql({ url: _secret, ...installation }: ShardInstallation) {
  const [objects, register] = await Promise.all([sqlFile('shard.sql'), sqlFile('register.sql')]);
  const version = createHash('sha256')
    .update(objects)
    .update(register)
    .update(JSON.stringify(installation))
    .digest('hex');
  return { objects, register, version };
}

/**
 * Records which shard this is. A new shard waits to be compared with the directory, as a restarted one does. A shard of
 * a release that knew only the history goes on serving if its history is the same.
 */
async function identify(tx: Sql, keyspace: string, shard: string): Promise<void> {
  await tx.query(
    `INSERT INTO sharding.identity AS i (keyspace, shard, timeline, server)
     VALUES ($1, $2, sharding.server_timeline(), sharding.server_identity())
     ON CONFLICT (only_row) DO UPDATE SET timeline = excluded.timeline, server = excluded.server,
       confirmed_start = pg_postmaster_start_time(), confirmed_file = pg_relation_filepath('sharding.identity')
     WHERE i.server IS NULL AND coalesce(i.timeline, excluded.timeline) = excluded.timeline`,
    [keyspace, shard],
  );
  await expectShard(tx, keyspace, shard);
  const { same } = await oneRow<{ same: boolean | null }>(tx, 'SELECT sharding.same_server() AS same');
  if (same === true) return;
  throw new OperationRefused(notReconciled(keyspace, shard, ['its server is another one, or began a new history']));
}

/** Returns true where the database has a fence. */
export async function isShard(sql: Sql): Promise<boolean> {
  const text = `SELECT to_regclass('sharding.identity') IS NOT NULL AS installed`;
  return (await oneRow<{ installed: boolean }>(sql, text)).installed;
}

/** Checks that a URL leads to the shard it should. @throws OperationRefused */
export async function expectShard(sql: Sql, keyspace: string, shard: string): Promise<void> {
  if (!(await isShard(sql)))
    throw new OperationRefused(`The URL of ${keyspace}/${shard} leads to a database that is no shard yet`);
  const is = await oneRow<{ keyspace: string; shard: string }>(sql, 'SELECT keyspace, shard FROM sharding.identity');
  if (is.keyspace === keyspace && is.shard === shard) return;
  throw new OperationRefused(`The URL of ${keyspace}/${shard} leads to ${is.keyspace}/${is.shard}`);
}
