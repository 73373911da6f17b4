import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeAtExit, startPostgres, type PostgresServer } from '@stoa/local';
import { databaseContext } from '@stoa/service/testing';
import { openKeyspace, type Keyspace, type KeyspaceDatabase } from '@stoa/sharded-service';
import { migrateKeyspace } from '@stoa/sharded-service/testing';
import { Client } from 'pg';
import type { Role } from '../processes.js';

const ROLE = 'bench';

/** Real Postgres servers, one per shard; the directory is on the first. */
export interface Cluster {
  readonly postgres: Role;
  readonly directoryAdminUrl: string;
  /** Makes a keyspace that is spread over all servers, and opens it as a clone of its service does. */
  open(keyspace: Keyspace): Promise<OpenKeyspace>;
  stop(): Promise<void>;
}

export interface OpenKeyspace {
  readonly database: KeyspaceDatabase;
  /** Runs a statement as the owner on every shard, at the same time. */
  everywhere(text: string, values?: readonly unknown[]): Promise<void>;
}

/** @throws when a server does not start */
export async function startCluster(shards: number): Promise<Cluster> {
  const dir = await mkdtemp(join(tmpdir(), 'stoa-bench-'));
  await chmod(dir, 0o711); // under root, Postgres runs as another user and must get through
  removeAtExit(dir);
  const servers: PostgresServer[] = [];
  const opened: KeyspaceDatabase[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(opened.map((database) => database.close()));
    await Promise.all(servers.map((server) => server.stop()));
    await rm(dir, { recursive: true, force: true });
  };
  try {
    for (let n = 1; n <= shards; n += 1) {
      servers.push(await startPostgres({ name: `shard${n}`, dataDir: join(dir, `shard${n}`) }));
    }
    const directoryAdminUrl = await makeDatabase(servers[0]?.url ?? '', 'directory');
    const open = async (keyspace: Keyspace): Promise<OpenKeyspace> => {
      const made = await openOn(keyspace, directoryAdminUrl, servers);
      opened.push(made.database);
      return made;
    };
    return { postgres: { name: 'Postgres', pids: servers.map(({ pid }) => pid) }, directoryAdminUrl, open, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openOn(
  keyspace: Keyspace,
  directoryAdminUrl: string,
  servers: readonly PostgresServer[],
): Promise<OpenKeyspace> {
  const add = await Promise.all(
    servers.map(async ({ url }, index) => {
      const adminUrl = await makeDatabase(url, keyspace.name);
      return { name: `shard${index + 1}`, url: asRole(adminUrl), adminUrl };
    }),
  );
  const directoryUrl = asRole(directoryAdminUrl);
  await migrateKeyspace({ keyspace, directoryAdminUrl, directoryUrl, add });
  const database = await openKeyspace(keyspace.name, directoryUrl, databaseContext('bench', 'warn'));
  return {
    database,
    everywhere: async (text, values) => {
      await Promise.all(add.map(({ adminUrl }) => run(adminUrl, text, values)));
    },
  };
}

async function makeDatabase(server: string, name: string): Promise<string> {
  await run(
    server,
    `DO $$ BEGIN CREATE ROLE ${ROLE} LOGIN PASSWORD '${ROLE}'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
  );
  await run(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

function asRole(url: string): string {
  const own = new URL(url);
  own.username = ROLE;
  own.password = ROLE;
  return own.href;
}

async function run(url: string, text: string, values?: readonly unknown[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text, values as unknown[] | undefined);
  } finally {
    await client.end();
  }
}
