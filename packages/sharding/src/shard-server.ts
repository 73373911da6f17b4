import type { DatabaseServer, Sql, Statement } from '@stoa/postgres';

/** One shard as a service sees it: a bounded pool of connections. A service may bring its own. */
export interface ShardServer<Tx extends Sql = Sql> extends DatabaseServer<Tx> {
  /** The rows of one reading statement. */
  read<Row>(statement: Statement): Promise<Row[]>;
  /** Waits for the work in progress, then closes all connections. */
  close(): Promise<void>;
}
