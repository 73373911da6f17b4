import { Session, oneRow, type Sql } from '@stoa/postgres';
import { inspectServer, problemsOf, warningsOf, type ServerCapabilities } from './inspect-server.js';
import { OperationRefused } from '../errors.js';
import { knownShards, onDirectory, addressOf, type KnownShard } from '../directory/known-shards.js';

/** A request to make a server a shard. */
export interface AdditionRequest {
  readonly directoryUrl: string;
  /** The URL of the server's owner. Its database, `postgres` by default, is used to create roles and databases. */
  readonly serverUrl: string;
  /** By default the next free `shardN`. */
  readonly name?: string;
  /** All by default. */
  readonly keyspaces?: readonly string[];
}

/** A keyspace's database on a new server, with the names that the keyspace's other shards use. */
export interface NewDatabase {
  readonly keyspace: string;
  readonly database: string;
  readonly databaseExists: boolean;
  /** The role of services. */
  readonly role: string;
  readonly roleExists: boolean;
  /** The URL for services. It holds a secret. */
  readonly url: string;
  /** The URL for movers. It holds a secret. */
  readonly adminUrl: string;
  /** True when the directory has this shard already. */
  readonly known: boolean;
}

/** A plan to make a server a shard. */
export interface Addition {
  readonly shard: string;
  /** The address, `host:port`. */
  readonly at: string;
  /** It holds a secret. */
  readonly serverUrl: string;
  readonly databases: readonly NewDatabase[];
  readonly warnings: readonly string[];
}

/** Checks a server that is to become a shard, and changes nothing. @throws OperationRefused, SessionLost */
export async function planAddition(request: AdditionRequest): Promise<Addition> {
  const serverUrl = checkedUrl(request.serverUrl);
  const shards = await onDirectory(request.directoryUrl, (directory) => knownShards(directory, request.keyspaces));
  if (shards.length === 0)
    throw new OperationRefused('There is no keyspace with a shard yet: its migrations make the first ones');
  const at = hostOf(serverUrl);
  const shard = request.name ?? shards.find(({ adminUrl }) => hostOf(adminUrl) === at)?.shard ?? nextName(shards);
  const session = await Session.open({ url: serverUrl, server: at, application: 'sharding-operator' });
  try {
    const capabilities = await inspectServer(session);
    const databases: NewDatabase[] = [];
    for (const keyspace of new Set(shards.map((each) => each.keyspace))) {
      const those = shards.filter((each) => each.keyspace === keyspace);
      databases.push(await newDatabase(session, keyspace, shard, those, serverUrl));
    }
    const problems = [...problemsOf(capabilities), ...lackingRights(capabilities, databases)];
    if (problems.length > 0) throw new OperationRefused(`${at} can't be a shard: ${problems.join('; ')}`);
    for (const database of databases) if (database.databaseExists) await checkDatabase(database, shard);
    const warnings = warningsOf(capabilities).map((warning) => `${at}: ${warning}`);
    return { shard, at, serverUrl, databases, warnings };
  } finally {
    await session.close();
  }
}

function checkedUrl(text: string): string {
  // The text is not shown: it may hold a password.
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '') {
    throw new OperationRefused('The server is no URL such as postgres://owner:password@host:5432');
  }
  if (url.pathname.length <= 1) url.pathname = '/postgres';
  return url.href;
}

const hostOf = (url: string): string => addressOf(url).split('/')[0] ?? '';

function nextName(shards: readonly KnownShard[]): string {
  const names = new Set(shards.map(({ shard }) => shard));
  for (let number = names.size + 1; ; number += 1) if (!names.has(`shard${number}`)) return `shard${number}`;
}

async function newDatabase(
  server: Sql,
  keyspace: string,
  shard: string,
  siblings: readonly KnownShard[],
  serverUrl: string,
): Promise<NewDatabase> {
  const like = siblings[0];
  if (!like) throw new OperationRefused(`${keyspace} has no shard yet`);
  const service = new URL(like.url);
  const database = decodeURIComponent(new URL(like.adminUrl).pathname.slice(1));
  const role = decodeURIComponent(service.username);
  const adminUrl = new URL(serverUrl);
  adminUrl.pathname = `/${encodeURIComponent(database)}`;
  const url = new URL(adminUrl);
  url.username = service.username;
  url.password = service.password;
  const known = siblings.find((sibling) => sibling.shard === shard);
  if (known && addressOf(known.adminUrl) !== addressOf(adminUrl.href)) {
    throw new OperationRefused(`${keyspace} has a shard ${shard} already, at ${addressOf(known.adminUrl)}`);
  }
  const other = siblings.find(
    (sibling) => sibling.shard !== shard && addressOf(sibling.adminUrl) === addressOf(adminUrl.href),
  );
  if (other) throw new OperationRefused(`${addressOf(other.adminUrl)} is ${keyspace}'s shard ${other.shard} already`);
  const { databaseExists, roleExists } = await oneRow<{ databaseExists: boolean; roleExists: boolean }>(
    server,
    `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) AS "databaseExists",
       EXISTS (SELECT FROM pg_roles WHERE rolname = $2) AS "roleExists"`,
    [database, role],
  );
  const urls = { url: url.href, adminUrl: adminUrl.href };
  return { keyspace, database, databaseExists, role, roleExists, ...urls, known: known !== undefined };
}

function lackingRights(capabilities: ServerCapabilities, databases: readonly NewDatabase[]): string[] {
  const missing = databases.filter(({ databaseExists }) => !databaseExists).map(({ database }) => database);
  const roles = databases.filter(({ roleExists }) => !roleExists).map(({ role }) => role);
  return [
    ...(missing.length > 0 && !capabilities.createDatabase
      ? [`the role may not create the databases ${missing.join(', ')}`]
      : []),
    ...(roles.length > 0 && !capabilities.createRole ? [`the role may not create the roles ${roles.join(', ')}`] : []),
  ];
}

/** Checks that an existing database is this shard, or empty. @throws OperationRefused */
async function checkDatabase({ keyspace, adminUrl }: NewDatabase, shard: string): Promise<void> {
  const session = await Session.open({ url: adminUrl, server: addressOf(adminUrl), application: 'sharding-operator' });
  try {
    const { installed, tables } = await oneRow<{ installed: boolean; tables: number }>(
      session,
      `SELECT to_regclass('sharding.identity') IS NOT NULL AS installed,
         (SELECT count(*)::int FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sharding')
          AND n.nspname NOT LIKE 'pg_toast%' AND n.nspname NOT LIKE 'pg_temp%' AND c.relname <> '_prisma_migrations') AS tables`,
    );
    if (!installed && tables > 0) {
      throw new OperationRefused(
        `${addressOf(adminUrl)} holds ${tables} tables and is no shard: it belongs to something else`,
      );
    }
    if (!installed) return;
    const { is } = await oneRow<{ is: string | null }>(
      session,
      `SELECT (SELECT keyspace || '/' || shard FROM sharding.identity) AS is`,
    );
    if (is !== null && is !== `${keyspace}/${shard}`)
      throw new OperationRefused(`${addressOf(adminUrl)} is ${is} already`);
  } finally {
    await session.close();
  }
}
