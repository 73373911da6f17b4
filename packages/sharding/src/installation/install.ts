import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Session, withSession, oneRow, type Sql } from '@stoa/postgres';
import { installing } from './install-lock.js';
import { notReconciled } from '../incarnation/confirm.js';
import { OperationRefused } from '../errors.js';

/** A table that is sharded. `moved`: its rows go with their bucket. `drained`: a queue that must be empty before. */
export interface ShardedTable {
  readonly name: string;
  readonly kind: 'moved' | 'drained';
  /** The column that `bucket` is computed from at every insert; left out where whoever inserts gives the bucket. */
  readonly keyColumn?: string;
}

export interface ShardInstallation {
  /** Of the tables' owner. */
  readonly url: string;
  readonly keyspace: string;
  readonly shard: string;
  readonly tables: readonly ShardedTable[];
  /** Tables that are the same on every shard, outside of the fence: the service may read and write them too. */
  readonly reference?: readonly string[];
  /** The role that services connect as. It must exist; what it needs is granted, what passes by the fence is refused. */
  readonly serviceRole?: string;
}

const APPLICATION = 'sharding-install';

const sqlFile = (name: string): Promise<string> => readFile(new URL(`../../sql/${name}`, import.meta.url), 'utf8');

/** Makes the directory's tables, or brings them up to date. Where they are, it locks none of them: movers and services use them. */
export async function installDirectory(url: string): Promise<void> {
  const sql = await sqlFile('directory.sql');
  const version = createHash('sha256').update(sql).digest('hex');
  await withSession({ url, server: 'the directory', application: APPLICATION }, (session) =>
    session.transaction(async (tx) => {
      await installing(tx);
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
 * Lets a service's role read the map, and not the URLs of movers.
 * @param keyspace whose shards' URLs it may see; of all keyspaces if not given.
 */
export async function grantDirectory(url: string, serviceRole: string, keyspace = '*'): Promise<void> {
  await withSession({ url, server: 'the directory', application: APPLICATION }, (session) =>
    session.transaction(async (tx) => {
      await installing(tx);
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
 * Puts a database under the fence, after its migrations. A shard that was just installed owns no bucket.
 * @throws Error when the database is another shard already, a table can't be sharded, or the role could pass the fence.
 */
export async function installShard(options: ShardInstallation): Promise<void> {
  const { url, keyspace, shard, tables, reference = [], serviceRole } = options;
  const { objects, register, version } = await shardSql(options);
  await withSession({ url, server: `${keyspace}/${shard}`, application: APPLICATION }, (session: Session) =>
    session.transaction(async (tx) => {
      await installing(tx);
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
 * Brings the fence of a shard up to date that has one, and leaves its tables as they are: for what comes with the same release,
 * such as migrations. @returns whether there is one.
 */
export async function updateFence({
  url,
  keyspace,
  shard,
}: Pick<ShardInstallation, 'url' | 'keyspace' | 'shard'>): Promise<boolean> {
  const [objects, register] = await Promise.all([sqlFile('shard.sql'), sqlFile('register.sql')]);
  return withSession({ url, server: `${keyspace}/${shard}`, application: APPLICATION }, (session) =>
    session.transaction(async (tx) => {
      await installing(tx);
      const { there } = await oneRow<{ there: boolean }>(
        tx,
        `SELECT to_regclass('sharding.identity') IS NOT NULL AS there`,
      );
      if (!there) return false;
      await tx.query(objects);
      await tx.query(register);
      await identify(tx, keyspace, shard);
      return true;
    }),
  );
}

/** Whether installShard would change nothing, unless a migration made tables anew: it locks every table for a moment. */
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

async function shardSql({ url: _secret, ...what }: ShardInstallation) {
  const [objects, register] = await Promise.all([sqlFile('shard.sql'), sqlFile('register.sql')]);
  const version = createHash('sha256').update(objects).update(register).update(JSON.stringify(what)).digest('hex');
  return { objects, register, version };
}

/**
 * A new shard waits to be compared with the directory, as one that was started again. A shard of a release that only knew the
 * history goes on serving if that is still the same.
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

/** @throws OperationRefused when a URL leads to another shard than it should, or to none. */
export async function expectShard(sql: Sql, keyspace: string, shard: string): Promise<void> {
  const { there } = await oneRow<{ there: boolean }>(
    sql,
    `SELECT to_regclass('sharding.identity') IS NOT NULL AS there`,
  );
  if (!there) throw new OperationRefused(`The URL of ${keyspace}/${shard} leads to a database that is no shard yet`);
  const is = await oneRow<{ keyspace: string; shard: string }>(sql, 'SELECT keyspace, shard FROM sharding.identity');
  if (is.keyspace === keyspace && is.shard === shard) return;
  throw new OperationRefused(`The URL of ${keyspace}/${shard} leads to ${is.keyspace}/${is.shard}`);
}
