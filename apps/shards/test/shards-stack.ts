import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { bucketOf, onShard } from '@stoa/sharding/testing';
import { knownShards, makeDatabases, onDirectory } from '@stoa/sharding';
import { PostgresServers } from '@stoa/testing';

/** The result of a command. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command that runs. */
export interface Running {
  readonly ended: Promise<Ended>;
  readonly out: () => string;
  signal(signal: NodeJS.Signals): void;
}

const PASSWORD = 'service';
const repoRoot = join(import.meta.dirname, '../../..');

/**
 * Postgres servers of one spec file with the real cart on the first two, its shard map on the first, and nothing on the
 * third.
 */
export class ShardsStack {
  private constructor(
    private readonly servers: PostgresServers,
    readonly directoryUrl: string,
  ) {}

  static async start(): Promise<ShardsStack> {
    const servers = await PostgresServers.start(3, { password: randomBytes(8).toString('hex') });
    const directoryUrl = inDatabase(servers.url(0), 'directory');
    const stack = new ShardsStack(servers, directoryUrl);
    await stack.makeDatabase(0, 'directory');
    await stack.migrate('shards', {});
    const shards = [];
    for (const [index, shard] of ['shard1', 'shard2'].entries()) {
      shards.push({ name: shard, ...(await stack.makeDatabase(index, 'cart')) });
    }
    await stack.migrate('cart', { CART_SHARDS: JSON.stringify(shards) });
    return stack;
  }

  serverUrl(index: number): string {
    return this.servers.url(index);
  }

  async stop(): Promise<void> {
    await this.servers.stop();
  }

  /** Adds empty carts of `count` customers to the shards of the map. @returns the customers' ids. */
  async fillCarts(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => randomUUID());
    const shards = await onDirectory(this.directoryUrl, (directory) => knownShards(directory, ['cart']));
    for (const shard of shards) {
      await onShard(shard, async (session) => {
        const { rows } = await session.query<{ bucket: number }>('SELECT bucket FROM sharding.bucket_owner');
        const held = new Set(rows.map(({ bucket }) => bucket));
        await session.query(
          `INSERT INTO carts (bucket, customer_id, version, skus, quantities, created_at, updated_at)
           SELECT stoa_bucket(id::text), id, 1, '{}', '{}', now(), now() FROM unnest($1::uuid[]) AS id`,
          [ids.filter((id) => held.has(bucketOf(id)))],
        );
      });
    }
    return ids;
  }

  /** Adds a customer's empty cart to a shard that the map does not assign it to, as a fault would. */
  async plantOrphan(index: number, customer: string): Promise<void> {
    const shards = await onDirectory(this.directoryUrl, (directory) => knownShards(directory, ['cart']));
    const shard = shards[index];
    if (!shard) throw new Error(`no shard ${index}`);
    await onShard(shard, async (session) => {
      await session.query('SET session_replication_role = replica');
      await session.query(
        `INSERT INTO carts (bucket, customer_id, version, skus, quantities, created_at, updated_at)
         VALUES (stoa_bucket($1::text), $1::uuid, 1, '{}', '{}', now(), now())`,
        [customer],
      );
    });
  }

  /** Runs a command to its end. */
  shards(line: string, env: Readonly<Record<string, string | undefined>> = {}): Promise<Ended> {
    return this.start(line, env).ended;
  }

  start(line: string, env: Readonly<Record<string, string | undefined>> = {}): Running {
    const script = join(repoRoot, 'apps/shards/dist/cli/main.js');
    return run(script, line === '' ? [] : line.split(' '), { DIRECTORY_ADMIN_URL: this.directoryUrl, ...env });
  }

  private async migrate(app: string, env: Readonly<Record<string, string>>): Promise<void> {
    const script = join(repoRoot, 'apps', app, 'dist/migrate.js');
    const { code, err } = await run(script, [], { DIRECTORY_ADMIN_URL: this.directoryUrl, ...env }).ended;
    if (code !== 0) throw new Error(`the migration of ${app} failed: ${err}`);
  }

  private async makeDatabase(index: number, database: string): Promise<{ url: string; adminUrl: string }> {
    const serverUrl = this.serverUrl(index);
    const adminUrl = inDatabase(serverUrl, database);
    const service = new URL(adminUrl);
    service.username = database;
    service.password = PASSWORD;
    const made = { keyspace: database, database, role: database, url: service.href, adminUrl };
    const unknown = { databaseExists: false, roleExists: false, known: false };
    await makeDatabases({ shard: '', at: '', serverUrl, databases: [{ ...made, ...unknown }], warnings: [] });
    return { url: service.href, adminUrl };
  }
}

function inDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

function run(script: string, args: readonly string[], env: Readonly<Record<string, string | undefined>>): Running {
  const child = spawn(join(repoRoot, 'node_modules/.bin/node'), [script, ...args], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (written.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (written.err += text));
  const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, ...written }));
  return { ended, out: () => written.out, signal: (signal) => void child.kill(signal) };
}
