import { codeOf, isTransient, type Sql, type Statement } from '@stoa/postgres';
import { backoff } from '@stoa/timing';
import { Across } from '../across/across.js';
import type { AcrossOptions } from '../across/query-shards.js';
import { bucketOf } from '../map/bucket.js';
import type { MapClient } from '../map/map-client.js';
import { BEING_MOVED, isUnconfirmed, NOT_HERE } from '../error-codes.js';
import { Confirmations } from './confirmations.js';
import { ownedRead, ownedRows } from './owned-read.js';
import type { ShardServer } from '../shard-server.js';

/** Options of a ShardedDatabase. */
export interface ShardedDatabaseOptions<Server> {
  readonly map: MapClient;
  /** Opens the pool of one shard; `name` is `<keyspace>@<shard>`. */
  readonly open: (shard: { readonly name: string; readonly url: string }) => Server;
  /** Milliseconds for which a transaction or read is retried while its bucket moves; 5,000 by default. */
  readonly retryForMs?: number;
  /** Recognises transient errors of the servers that `open` makes, beside those of this package. */
  readonly isTransient?: (error: unknown) => boolean;
  /** Called when a server needs an operator's reconciliation, at most once a second for each server. */
  readonly onNotReconciled?: (reason: string) => void;
}

/** No shard served the bucket in time. The error is transient. */
export class BucketUnavailable extends Error {
  readonly bucket: number;

  constructor(bucket: number, retryForMs: number, cause: unknown) {
    super(`Bucket ${bucket} was unavailable for ${retryForMs} ms`, { cause });
    this.name = 'BucketUnavailable';
    this.bucket = bucket;
  }
}

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 100;

/**
 * ShardedDatabase exists to hide from a service which shard holds a bucket; it works by routing each transaction and
 * read by the map, and by retrying those that a shard refuses because the bucket moves. It has the shape of a service's
 * `Database`.
 */
export class ShardedDatabase<Tx extends Sql, Server extends ShardServer<Tx>> {
  private readonly open = new Map<string, Server>();
  private readonly stopFollowing: () => void;
  private readonly confirmations: Confirmations;

  constructor(private readonly options: ShardedDatabaseOptions<Server>) {
    this.confirmations = new Confirmations(options.map, options.onNotReconciled ?? (() => undefined));
    this.follow();
    this.stopFollowing = options.map.onChange(() => this.follow());
  }

  /**
   * Runs work in one transaction on the shard of the bucket. The bucket stays there until the end, so all that the
   * transaction reads of it, or does not find, is true. Work is repeated when the bucket had moved, so it must have no
   * effect outside the database.
   * @param insertsFirst saves the statement that checks ownership: set it where the work's first statement inserts a
   * row of the bucket and its error is thrown, so that the fence reports a moved bucket.
   * @throws the error of `work`, after a rollback; BucketUnavailable.
   */
  transaction<T>(bucket: number, work: (tx: Tx) => Promise<T>, { insertsFirst = false } = {}): Promise<T> {
    if (insertsFirst) return this.routed(bucket, (server) => server.transaction(work));
    return this.routed(bucket, (server) => holding(server, 'SELECT sharding.hold($1)', bucket, work));
  }

  /**
   * Runs work once in one transaction on the shard of the first bucket. All buckets stay there until the end.
   * @param buckets in ascending order, so that two such transactions never deadlock.
   * @throws the error of `work`, after a rollback; the server's SH001 or SH002 when a bucket is not there or is being
   * moved: it neither waits nor retries.
   */
  transactionOver<T>(buckets: readonly number[], work: (tx: Tx) => Promise<T>): Promise<T> {
    const [first] = buckets;
    if (first === undefined) throw new Error('A transaction over buckets needs one at least');
    return holding(this.serverOf(first), 'SELECT sharding.hold_all($1)', buckets, work);
  }

  /**
   * Reads the rows of one SELECT, which also proves that the shard serves the bucket: a row is never "not found"
   * because its bucket is on another shard. During a switch rows can still be read.
   * @throws the server's error; BucketUnavailable.
   */
  read<Row = Record<string, unknown>>(bucket: number, statement: Statement): Promise<Row[]> {
    const { name, text, values = [] } = statement;
    const owned: Statement = {
      text: ownedRead(text, values.length),
      values: [...values, bucket],
      ...(name !== undefined && { name: `${name}_owned` }),
    };
    return this.routed(bucket, async (server) => {
      const rows = ownedRows<Row>(await server.read<object>(owned));
      if (!rows) throw Object.assign(new Error(`bucket ${bucket} is not here`), { code: NOT_HERE });
      return rows;
    });
  }

  /** Makes queries over all shards of the keyspace. */
  across(options: Pick<AcrossOptions, 'retryForMs' | 'timeoutMs'> = {}): Across {
    const { map, isTransient: ofServers } = this.options;
    const servers = (): readonly Server[] => this.servers();
    const confirm = (shard: string): Promise<unknown> => this.confirm(shard);
    return new Across({ ...options, map, servers, confirm, ...(ofServers && { isTransient: ofServers }) });
  }

  /** The pools of all shards. They change when a shard is added or removed (`onServersChange`). */
  servers(): readonly Server[] {
    return [...this.open.values()];
  }

  /** Calls the listener when a shard was added or removed. @returns a function that removes the listener. */
  onServersChange(listener: () => void): () => void {
    let known = [...this.open.keys()].join();
    return this.options.map.onChange(() => {
      const now = [...this.open.keys()].join();
      if (now === known) return;
      known = now;
      listener();
    });
  }

  /** Computes the bucket of a sharding key. */
  bucketOf(key: string): number {
    return bucketOf(key);
  }

  /** Returns true for errors that a later retry may not have. */
  isTransient(error: unknown): boolean {
    return error instanceof BucketUnavailable || isTransient(error) || this.options.isTransient?.(error) === true;
  }

  /** Waits for work in progress, then closes all connections. The map client stays open. */
  async close(): Promise<void> {
    this.stopFollowing();
    await Promise.all(this.servers().map((server) => server.close()));
  }

  /** Retries work while its bucket moves. A wait between two attempts holds no connection. */
  private async routed<T>(bucket: number, work: (server: Server) => Promise<T>): Promise<T> {
    const { map, retryForMs = 5_000 } = this.options;
    const deadline = performance.now() + retryForMs;
    for (let failures = 1; ; failures += 1) {
      const placed = map.current.placements[bucket];
      try {
        return await work(this.serverOf(bucket));
      } catch (error) {
        const code = codeOf(error);
        if (code !== NOT_HERE && code !== BEING_MOVED) throw error;
        if (performance.now() > deadline) throw new BucketUnavailable(bucket, retryForMs, error);
        if (code === NOT_HERE) await map.refresh().catch(() => undefined);
        const { shard, epoch } = map.current.placements[bucket] ?? {};
        const moved = shard !== placed?.shard || epoch !== placed?.epoch;
        if (!moved && (code === NOT_HERE || isUnconfirmed(error))) {
          const reason = await this.confirm(shard);
          if (reason !== undefined) throw new BucketUnavailable(bucket, retryForMs, new Error(reason));
        }
        if (!moved) await map.changeWithin(backoff(failures, FIRST_PAUSE_MS, LONGEST_PAUSE_MS));
      }
    }
  }

  /** Compares a server that refuses its own buckets. @returns the reason if it needs an operator; else undefined. */
  private async confirm(shard: string | undefined): Promise<string | undefined> {
    const server = shard === undefined ? undefined : this.open.get(shard);
    if (shard === undefined || !server) return undefined;
    return this.confirmations.confirm(shard, server).catch(() => undefined);
  }

  private serverOf(bucket: number): Server {
    const shard = this.options.map.current.placements[bucket]?.shard;
    const server = shard === undefined ? undefined : this.open.get(shard);
    if (!server) throw Object.assign(new Error(`no shard holds bucket ${bucket}`), { code: NOT_HERE });
    return server;
  }

  /** Opens pools of new shards, and closes those of shards that were removed or have another URL. */
  private follow(): void {
    const { keyspace, shards } = this.options.map.current;
    for (const [shard, server] of this.open) {
      if (shards.get(shard) === server.url) continue;
      this.open.delete(shard);
      void server.close();
    }
    for (const [shard, url] of shards) {
      if (!this.open.has(shard)) this.open.set(shard, this.options.open({ name: `${keyspace}@${shard}`, url }));
    }
  }
}

function holding<T, Tx extends Sql>(
  server: ShardServer<Tx>,
  hold: string,
  buckets: number | readonly number[],
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  return server.transaction(async (tx) => {
    // Not awaited: a server that pipelines sends it along with the work's first statement.
    const [held, done] = await Promise.allSettled([tx.query(hold, [buckets]), work(tx)]);
    if (held.status === 'rejected') throw held.reason;
    if (done.status === 'rejected') throw done.reason;
    return done.value;
  });
}
