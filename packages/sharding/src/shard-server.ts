import type { Sql } from '../../postgres/src/sql/sql.js';

/** A reading statement; prepared under its name where it has one. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** One shard as a service sees it: a bounded pool of connections. A service may bring its own. */
export interface ShardServer<Tx extends Sql = Sql> {
  readonly name: string;
  readonly url: string;
  /** @throws what `work` throws, after a rollback. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** The rows of one reading statement. */
  read<Row>(statement: Statement): Promise<Row[]>;
  /** Waits for the work in progress, then closes all connections. */
  close(): Promise<void>;
}
