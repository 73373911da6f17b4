import type { Sql, Statement } from './sql.js';

/** One physical Postgres database. */
export interface DatabaseServer<Tx extends Sql = Sql> {
  /** Names it in logs, metrics and the relay's transactional id. Stable over restarts, e.g. `cart@shard2`. */
  readonly name: string;
  /** For sessions outside of the pool: leader locks, LISTEN. Holds a secret: never log it. */
  readonly url: string;
  /** @throws what `work` throws, after a rollback. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

export interface TransactionOptions {
  /**
   * The work's first statement inserts a row of the bucket: if the bucket is elsewhere, the server refuses it, and no
   * statement has to ask before. Its error must be what the work throws.
   */
  readonly insertsFirst?: boolean;
}

/** A service's data: one database, or many shards behind one routing rule. */
export interface Database<Tx extends Sql = Sql> {
  /** Runs work in one transaction on the database that holds the bucket (unsharded services: always bucket 0). */
  transaction<T>(bucket: number, work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * Runs work in one transaction on the database that holds all of these buckets (serverNameOf). It throws when one has
   * moved or is being moved, without looking or waiting for it: the caller then does the work of each bucket by itself.
   */
  transactionOver<T>(buckets: readonly number[], work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Called for each bucket that such a transaction served, in the context of the request that it served: responses name
   * the shard.
   */
  served?(bucket: number): void;
  servers(): readonly DatabaseServer<Tx>[];
  /** Which of `servers()` holds a bucket, as far as is known; left out where there is only one. */
  serverNameOf?(bucket: number): string | undefined;
  /** The bucket of a record's key; 0 for an unsharded service. */
  bucketOf(key: string): number;
  /** True when a retry may help: serialization failure, deadlock, connection lost, server starting, fenced bucket. */
  isTransient(error: unknown): boolean;
}

/** A Database whose rows can also be read outside of a transaction: PgDatabase, or a keyspace on shards. */
export interface SqlDatabase extends Database {
  /** The rows of one SELECT about one bucket, outside of any transaction. @throws the server's error. */
  read<Row = Record<string, unknown>>(bucket: number, statement: Statement): Promise<Row[]>;
}
