import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { type Session, oneRow } from '@stoa/postgres';

/** The capabilities of a Postgres server and of the role that connects. */
export interface ServerCapabilities {
  /** The version as a number: 180004 for 18.4. */
  readonly version: number;
  readonly walLevel: string;
  readonly encoding: string;
  readonly standby: boolean;
  readonly freeSlots: number;
  readonly freeSenders: number;
  /** Replication origins that subscriptions may still take. */
  readonly freeOrigins: number;
  readonly replicationWorkers: number;
  readonly workers: number;
  readonly retryMs: number;
  readonly superuser: boolean;
  readonly createDatabase: boolean;
  readonly createRole: boolean;
  readonly replicate: boolean;
  readonly subscribe: boolean;
  readonly setReplica: boolean;
  readonly origins: boolean;
  /** Milliseconds by which its clock is ahead of this machine's. */
  readonly clockAheadMs: number;
}

/** Reads the capabilities of a server. */
export async function inspectServer(session: Session): Promise<ServerCapabilities> {
  const began = Date.now();
  const { now, ...capabilities } = await oneRow<Omit<ServerCapabilities, 'clockAheadMs'> & { now: string }>(
    session,
    CAPABILITIES,
  );
  const clockAheadMs = Math.round(Number(now) - (began + Date.now()) / 2);
  return { ...capabilities, clockAheadMs };
}

const CAPABILITIES = `WITH role AS (SELECT * FROM pg_roles WHERE rolname = current_user)
  SELECT current_setting('server_version_num')::int AS version, current_setting('wal_level') AS "walLevel",
    (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()) AS encoding,
    pg_is_in_recovery() AS standby,
    current_setting('max_replication_slots')::int - (SELECT count(*)::int FROM pg_replication_slots) AS "freeSlots",
    current_setting('max_wal_senders')::int - (SELECT count(*)::int FROM pg_stat_replication) AS "freeSenders",
    coalesce(current_setting('max_active_replication_origins', true), current_setting('max_replication_slots'))::int
      - (SELECT count(*)::int FROM pg_replication_origin) AS "freeOrigins",
    current_setting('max_logical_replication_workers')::int AS "replicationWorkers",
    current_setting('max_worker_processes')::int AS workers,
    (SELECT setting::int FROM pg_settings WHERE name = 'wal_retrieve_retry_interval') AS "retryMs",
    role.rolsuper AS superuser,
    role.rolsuper OR role.rolcreatedb AS "createDatabase",
    role.rolsuper OR role.rolcreaterole AS "createRole",
    role.rolsuper OR role.rolreplication OR EXISTS (SELECT FROM pg_roles AS managed
      WHERE managed.rolname = 'rds_replication' AND pg_has_role(managed.oid, 'MEMBER')) AS replicate,
    role.rolsuper OR pg_has_role('pg_create_subscription', 'USAGE') AS subscribe,
    has_parameter_privilege('session_replication_role', 'SET') AS "setReplica",
    has_function_privilege('pg_replication_origin_create(text)', 'EXECUTE') AS origins,
    extract(epoch FROM clock_timestamp()) * 1000 AS now
  FROM role`;

/** Lists the reasons why a server can't be a shard with moves. */
export function problemsOf(capabilities: ServerCapabilities): string[] {
  const rights = [
    ...(capabilities.replicate ? [] : ['the role may not replicate (REPLICATION)']),
    ...(capabilities.subscribe ? [] : ['the role may not subscribe (pg_create_subscription)']),
    ...(capabilities.setReplica ? [] : ['the role may not set session_replication_role']),
    ...(capabilities.origins ? [] : ['the role may not use replication origins (pg_replication_origin_create)']),
  ];
  const settings = [
    ...(capabilities.version >= 160_000
      ? []
      : [`it runs PostgreSQL ${Math.floor(capabilities.version / 10_000)}, and 16 is needed`]),
    ...(capabilities.standby ? ['it is a standby'] : []),
    ...(capabilities.walLevel === 'logical'
      ? []
      : [`wal_level is ${capabilities.walLevel}, and must be logical (needs a restart)`]),
    ...(capabilities.encoding === 'UTF8' ? [] : [`its encoding is ${capabilities.encoding}, and must be UTF8`]),
    // One for the move, and one for each of two tables that are copied at a time.
    ...enough('free replication slots (max_replication_slots)', capabilities.freeSlots, 3),
    ...enough('free WAL senders (max_wal_senders)', capabilities.freeSenders, 3),
    ...enough('free replication origins (max_active_replication_origins)', capabilities.freeOrigins, 3),
    ...enough('max_logical_replication_workers', capabilities.replicationWorkers, 4),
    ...enough('max_worker_processes', capabilities.workers, 5),
  ];
  return [...settings, ...rights];
}

/** Lists settings that work, but slow moves down. */
export function warningsOf(capabilities: ServerCapabilities): string[] {
  const slow = capabilities.retryMs > 1_000;
  const off = Math.abs(capabilities.clockAheadMs) > 5_000;
  return [
    ...(slow
      ? [`wal_retrieve_retry_interval is ${capabilities.retryMs} ms: with 1 s, moves resume faster after a fault`]
      : []),
    ...(off ? [`its clock differs by ${Math.round(capabilities.clockAheadMs / 1000)} s from this machine's`] : []),
  ];
}

const enough = (resource: string, is: number, needed: number): string[] =>
  is >= needed ? [] : [`${is} ${resource}, and ${needed} are needed`];

/**
 * Reads the free bytes of the server's data disk: from the file system where the server is on this machine, by `df`
 * where the role may run programs there; undefined elsewhere (most managed servers).
 */
export async function freeDisk(session: Session): Promise<number | undefined> {
  try {
    const { directory } = await oneRow<{ directory: string | null }>(
      session,
      `SELECT CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END AS directory`,
    );
    if (directory === null) return undefined;
    const { address } = await oneRow<{ address: string | null }>(session, 'SELECT host(inet_server_addr()) AS address');
    if ((address === null || /^127\.|^::1$/.test(address)) && existsSync(directory)) {
      const { bavail, bsize } = await statfs(directory);
      return bavail * bsize;
    }
    return await session.transaction(async (tx) => {
      await tx.query('CREATE TEMPORARY TABLE stoa_disk (line text) ON COMMIT DROP');
      // A server's processes work in its data folder.
      await tx.query(`COPY stoa_disk FROM PROGRAM 'df -Pk .'`);
      const { rows } = await tx.query<{ line: string }>('SELECT line FROM stoa_disk');
      const kilobytes = Number(rows.at(-1)?.line.trim().split(/\s+/)[3]);
      return Number.isFinite(kilobytes) ? kilobytes * 1024 : undefined;
    });
  } catch {
    // Not allowed there, so unknown.
    return undefined;
  }
}
