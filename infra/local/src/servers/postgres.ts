import { existsSync, readFileSync } from 'node:fs';
import { chown, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { CliError } from '@stoa/cli';
import { freePort } from '../machine/ports.js';
import { run } from '../machine/run.js';
import { startChild, startingOf, type Running, type Starting } from './child.js';
import { postgresBinaries } from './postgres-binaries.js';
import { ownedDir, placeFor, unprivilegedUser, type User } from './unprivileged.js';

export interface PostgresOptions extends Starting {
  /** Its data; made at the first start. */
  dataDir: string;
  /** A free one if left out. */
  port?: number;
  /** Password of the role `postgres`; it is set when the data folder is made. */
  password?: string;
  /** False for tests only: a crash of the machine then loses what was acknowledged. */
  durable?: boolean;
  logFile?: string;
  name?: string;
  /** Further server settings, which win over ours. */
  settings?: Record<string, string>;
}

export interface PostgresServer extends Running {
  port: number;
  /** Connects as the superuser to the database `postgres`. */
  url: string;
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '32MB',
  max_connections: '200',
  // Buckets move between shards by logical replication.
  wal_level: 'logical',
  max_wal_senders: '64',
  max_replication_slots: '64',
  max_active_replication_origins: '64',
  max_worker_processes: '48',
  max_logical_replication_workers: '40',
  wal_retrieve_retry_interval: '500ms', // a worker that ended restarts soon; the default is 5 s
  max_wal_size: '512MB',
  min_wal_size: '64MB',
  // After a crash all written data are synced first: file by file, that is most of the time until the server is back.
  ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
  jit: 'off',
  // Three fewer processes per server; the data of a local stack is in the page cache anyway.
  io_method: 'sync',
  huge_pages: 'off',
  TimeZone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %q%d ',
  log_checkpoints: 'off',
};

/**
 * For data that nobody keeps, as that of tests: they open some connections a second, and 4,096 rounds of hashing for
 * each are both sides' work.
 */
const NOT_DURABLE = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', scram_iterations: '1' };

/** Starts a Postgres server that listens on 127.0.0.1 only, making its data folder first if there is none. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { name = 'Postgres', password = 'stoa', durable = true } = options;
  const user = unprivilegedUser();
  const binaries = await postgresBinaries(user);
  const dataDir = placeFor(options.dataDir, user);
  if (!existsSync(join(dataDir, 'PG_VERSION'))) await initialise(binaries, dataDir, password, user, durable);
  await removeStalePidFile(dataDir);
  const port = options.port ?? (await freePort());
  const settings = { ...SETTINGS, ...(durable ? {} : NOT_DURABLE), ...options.settings, port: String(port) };
  const url = `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
  const running = await startChild({
    ...startingOf(options),
    name,
    command: join(binaries, 'bin/postgres'),
    args: ['-D', dataDir, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
    cwd: '/',
    ...user,
    logFile: options.logFile ?? join(dirname(options.dataDir), `${name}.log`),
    stopSignal: 'SIGINT', // "fast": cuts off sessions and writes a checkpoint
    probe: () => connects(url),
  });
  return { ...running, port, url };
}

async function connects(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } finally {
    await client.end();
  }
}

async function initialise(
  binaries: string,
  dataDir: string,
  password: string,
  user: User | undefined,
  durable: boolean,
): Promise<void> {
  const unfinished = `${dataDir}.new`;
  const passwordFile = `${dataDir}.password`;
  await rm(unfinished, { recursive: true, force: true });
  ownedDir(unfinished, user);
  try {
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (user) await chown(passwordFile, user.uid, user.gid);
    const rounds = durable ? [] : ['-c', `scram_iterations=${NOT_DURABLE.scram_iterations}`];
    const auth = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`, ...rounds];
    const text = ['--encoding=UTF8', '--locale=C.UTF-8', '--locale-provider=builtin'];
    const where = ['-D', unfinished, '--username=postgres', '--no-sync', '--no-instructions'];
    const { code, output } = await run(join(binaries, 'bin/initdb'), [...where, ...auth, ...text], {
      cwd: '/',
      ...user,
    });
    if (code !== 0) {
      const line = output.split('\n').findLast((each) => /error|fatal|could not/i.test(each)) ?? output.trim();
      throw new CliError(`Postgres could not make its data folder ${dataDir}: ${line.trim()}`);
    }
    await rename(unfinished, dataDir);
  } finally {
    await Promise.all([unfinished, passwordFile].map((path) => rm(path, { recursive: true, force: true })));
  }
}

/**
 * Removes postmaster.pid if its process is not a Postgres: after a crash or a reboot another process may have got that
 * number, and Postgres would refuse to start. Where processes can't be read (macOS), Postgres's own check must do.
 */
async function removeStalePidFile(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  if (process.platform !== 'linux' || !existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  let command = '';
  try {
    command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // no such process
  }
  if (!command.includes('postgres')) await rm(file, { force: true });
}
