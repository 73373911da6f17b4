import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, removeAtExit, startPostgres, type PostgresServer } from '@stoa/local';
import { Client } from 'pg';
import { eventually } from './eventually.js';

/** Options of PostgresServers.start. */
export interface PostgresServersOptions {
  /** Settings of each server, beside those that make restarts quick. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The password of each server's superuser; none by default. */
  readonly password?: string;
}

/** A killed server's workers are started again at once, because tests restart servers often. */
const SETTINGS = {
  // Killing a server must lose nothing that it acknowledged; only a crash of the machine may.
  synchronous_commit: 'on',
  wal_retrieve_retry_interval: '100ms',
  wal_receiver_timeout: '5s',
  wal_sender_timeout: '5s',
};

/**
 * Dedicated Postgres servers of one test file, which can be killed, restarted on their port, copied and failed over.
 */
export class PostgresServers {
  private constructor(
    private readonly dir: string,
    private readonly servers: PostgresServer[],
    private readonly options: PostgresServersOptions,
  ) {}

  /** Starts `count` servers in a temporary folder. */
  static async start(count: number, options: PostgresServersOptions = {}): Promise<PostgresServers> {
    const dir = await mkdtemp(join(tmpdir(), 'stoa-postgres-'));
    await chmod(dir, 0o711);
    removeAtExit(dir);
    const servers = await Promise.all(
      Array.from({ length: count }, async (_, index) =>
        startPostgres(settingsOf(dir, index, await freePort(), options)),
      ),
    );
    return new PostgresServers(dir, servers, options);
  }

  /** The URL of a server's superuser. */
  url(index: number): string {
    const server = this.servers[index];
    if (!server) throw new Error(`no server ${index}`);
    return server.url;
  }

  /** Kills a server with SIGKILL, as a machine without memory does. */
  async kill(index: number): Promise<void> {
    await this.servers[index]?.kill();
  }

  /** Starts a killed or stopped server again, on its port. */
  async startAgain(index: number, settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const port = Number(new URL(this.url(index)).port);
    const options = { ...this.options, settings: { ...this.options.settings, ...settings } };
    // Processes of the killed one may need a moment to notice.
    this.servers[index] = await eventually(async () => startPostgres(settingsOf(this.dir, index, port, options)));
  }

  /**
   * Begins a new history, as a standby that takes over or a restored backup does: the server replays its log to the
   * end.
   */
  async failOver(index: number): Promise<void> {
    const at = await this.dataDir(index);
    await this.servers[index]?.stop();
    await writeFile(join(at, 'recovery.signal'), '');
    await chmod(join(at, 'recovery.signal'), 0o666);
    await this.startAgain(index, { restore_command: 'false' });
    await eventually(async () => {
      const { over } = await this.row<{ over: boolean }>(index, 'SELECT NOT pg_is_in_recovery() AS over');
      if (!over) throw new Error('the server still replays its log');
    });
  }

  /** Copies the data folder of a server, which is stopped meanwhile. @returns the folder of the copy. */
  async copyOf(index: number): Promise<string> {
    const from = await this.dataDir(index);
    await this.servers[index]?.stop();
    const copy = `${from}.copy`;
    await rm(copy, { recursive: true, force: true });
    await promisify(execFile)('cp', ['-a', from, copy]);
    await this.startAgain(index);
    return copy;
  }

  /** Starts a copy in a server's place, and keeps the server's own data as the copy: the same call brings them back. */
  async exchange(index: number, copy: string): Promise<void> {
    const own = await this.dataDir(index);
    await this.servers[index]?.stop();
    await rename(own, `${own}.aside`);
    await rename(copy, own);
    await rename(`${own}.aside`, copy);
    await this.startAgain(index);
  }

  /** Stops all servers and deletes their data. */
  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    await rm(this.dir, { recursive: true, force: true });
  }

  private async dataDir(index: number): Promise<string> {
    return (await this.row<{ at: string }>(index, `SELECT current_setting('data_directory') AS at`)).at;
  }

  private async row<Row extends object>(index: number, text: string): Promise<Row> {
    const client = new Client({ connectionString: this.url(index), application_name: 'test' });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const { rows } = await client.query<Row>(text);
      return rows[0] as Row;
    } finally {
      await client.end();
    }
  }
}

function settingsOf(dir: string, index: number, port: number, { settings, password }: PostgresServersOptions) {
  return {
    name: `Postgres ${index}`,
    dataDir: join(dir, `data${index}`),
    logFile: join(dir, `log${index}`),
    port,
    durable: false,
    ...(password !== undefined && { password }),
    settings: { ...SETTINGS, ...settings },
  };
}
