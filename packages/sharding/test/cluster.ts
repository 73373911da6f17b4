import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, removeAtExit, startPostgres, type PostgresServer } from '@stoa/local';
import { eventually } from '@stoa/testing';
import { Session, withSession, oneRow } from '@stoa/postgres';
import { BUCKET_SQL } from '../src/map/bucket.js';
import { addShard, startKeyspace } from '../src/directory/keyspace.js';
import { grantDirectory, installDirectory, installShard, type ShardedTable } from '../src/installation/install.js';

export const KEYSPACE = 'shop';
export const TABLES: readonly ShardedTable[] = [
  { name: 'customers', kind: 'moved', keyColumn: 'id' },
  { name: 'orders', kind: 'moved', keyColumn: 'customer_id' },
  { name: 'visits', kind: 'moved', keyColumn: 'customer_id' },
  { name: 'outbox', kind: 'drained' },
];

/** Postgres servers of one spec file, which can be killed and started again on their port. */
export class Servers {
  private constructor(
    private readonly dir: string,
    private readonly servers: PostgresServer[],
    private readonly settings: Readonly<Record<string, string>>,
  ) {}

  static async start(count: number, settings: Readonly<Record<string, string>> = {}): Promise<Servers> {
    const dir = await mkdtemp(join(tmpdir(), 'stoa-sharding-'));
    await chmod(dir, 0o711);
    removeAtExit(dir);
    const servers = await Promise.all(
      Array.from({ length: count }, async (_, n) =>
        startPostgres(await settingsOf(dir, n, await freePort(), settings)),
      ),
    );
    return new Servers(dir, servers, settings);
  }

  url(index: number): string {
    const server = this.servers[index];
    if (!server) throw new Error(`no server ${index}`);
    return server.url;
  }

  /** Kills a server with SIGKILL, as a machine without memory does. */
  async kill(index: number): Promise<void> {
    await this.servers[index]?.kill();
  }

  async startAgain(index: number, settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const port = Number(new URL(this.url(index)).port);
    // Processes of the killed one may need a moment to notice.
    this.servers[index] = await eventually(async () =>
      startPostgres(await settingsOf(this.dir, index, port, { ...this.settings, ...settings })),
    );
  }

  /**
   * Begins a new history, as a standby that takes over or a restored backup does: the server replays its log to the
   * end.
   */
  async failOver(index: number): Promise<void> {
    const options = { url: this.url(index), server: 'postgres', application: 'test' };
    const at = await this.dataDir(index);
    await this.servers[index]?.stop();
    await writeFile(join(at, 'recovery.signal'), '');
    await chmod(join(at, 'recovery.signal'), 0o666);
    await this.startAgain(index, { restore_command: 'false' });
    await eventually(async () => {
      const wanted = 'SELECT NOT pg_is_in_recovery() AS over';
      expect(await withSession(options, (s) => oneRow(s, wanted))).toEqual({ over: true });
    });
  }

  /** Copies the data folder of a server, which is stopped for as long. @returns where the copy is. */
  async copyOf(index: number): Promise<string> {
    const from = await this.dataDir(index);
    await this.servers[index]?.stop();
    const copy = `${from}.copy`;
    await rm(copy, { recursive: true, force: true });
    await promisify(execFile)('cp', ['-a', from, copy]);
    await this.startAgain(index);
    return copy;
  }

  /** Starts a copy in a server's place, which keeps its own data aside: by the same call it comes back. */
  async exchange(index: number, copy: string): Promise<void> {
    const own = await this.dataDir(index);
    await this.servers[index]?.stop();
    await rename(own, `${own}.aside`);
    await rename(copy, own);
    await rename(`${own}.aside`, copy);
    await this.startAgain(index);
  }

  private async dataDir(index: number): Promise<string> {
    const options = { url: this.url(index), server: 'postgres', application: 'test' };
    const text = `SELECT current_setting('data_directory') AS at`;
    return (await withSession(options, (s) => oneRow<{ at: string }>(s, text))).at;
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    await rm(this.dir, { recursive: true, force: true });
  }
}

async function settingsOf(dir: string, index: number, port: number, settings: Readonly<Record<string, string>>) {
  return {
    name: `Postgres ${index}`,
    dataDir: join(dir, `data${index}`),
    logFile: join(dir, `log${index}`),
    port,
    durable: false,
    // Workers that ended are started again at once; tests restart servers often.
    settings: {
      // Killing a server must lose nothing that it acknowledged; only a crash of the machine may.
      synchronous_commit: 'on',
      wal_retrieve_retry_interval: '100ms',
      wal_receiver_timeout: '5s',
      wal_sender_timeout: '5s',
      ...settings,
    },
  };
}

export interface Cluster {
  readonly directoryUrl: string;
  /** The URL for services, which connect as a role that can't bypass the fence. */
  readonly serviceDirectoryUrl: string;
  readonly shards: ReadonlyMap<string, { readonly url: string; readonly adminUrl: string }>;
  /** Runs SQL as the owner of a shard. */
  admin<Row>(shard: string, text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** Makes a keyspace with a shard on each server (`a`, `b`, `c` …), spread over those of `holding`. */
export async function makeCluster(
  servers: readonly string[],
  holding: readonly string[] = ['a', 'b'],
): Promise<Cluster> {
  const tag = randomBytes(4).toString('hex');
  const role = `service_${tag}`;
  const first = servers[0] ?? '';
  const directoryUrl = await createDatabase(first, `directory_${tag}`, role);
  await installDirectory(directoryUrl);
  await grantDirectory(directoryUrl, role);
  const shards = new Map<string, { url: string; adminUrl: string }>();
  for (const [index, server] of servers.entries()) {
    const name = String.fromCodePoint(97 + index);
    const adminUrl = await createDatabase(server, `shard_${name}_${tag}`, role);
    await withSession({ url: adminUrl, server: name, application: 'test' }, async (session) => {
      await session.query(BUCKET_SQL);
      await session.query(await readFile(join(import.meta.dirname, 'schema.sql'), 'utf8'));
    });
    await installShard({ url: adminUrl, keyspace: KEYSPACE, shard: name, tables: TABLES, serviceRole: role });
    const url = asRole(adminUrl, role);
    shards.set(name, { url, adminUrl });
    await addShard(directoryUrl, KEYSPACE, { name, url, adminUrl });
  }
  await startKeyspace(directoryUrl, KEYSPACE, holding);
  const admin = async <Row>(shard: string, text: string, values?: readonly unknown[]): Promise<Row[]> => {
    const url = shards.get(shard)?.adminUrl ?? '';
    return withSession({ url, server: shard, application: 'test' }, async (session: Session) => {
      return (await session.query<Row>(text, values)).rows;
    });
  };
  return { directoryUrl, serviceDirectoryUrl: asRole(directoryUrl, role), shards, admin };
}

async function createDatabase(server: string, name: string, role: string): Promise<string> {
  await withSession({ url: server, server: 'postgres', application: 'test' }, async (session) => {
    await session.query(`CREATE DATABASE ${name}`);
    const { rowCount } = await session.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
    if (rowCount === 0) await session.query(`CREATE ROLE ${role} LOGIN PASSWORD 'service'`);
  });
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

function asRole(adminUrl: string, role: string): string {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = 'service';
  // A test process that pauses for a second is no frozen service.
  url.searchParams.set('idle_in_transaction_session_timeout', '20000');
  return url.href;
}
