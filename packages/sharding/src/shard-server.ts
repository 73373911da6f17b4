import type { DatabaseServer, Sql, Statement } from '@stoa/postgres';

/** The port through which a service reaches one shard: a bounded pool of connections, which the service provides. */
export interface ShardServer<Tx extends Sql = Sql> extends DatabaseServer<Tx> {
  /** Reads the rows of one SELECT. */
  read<Row>(statement: Statement): Promise<Row[]>;
  /** Waits for work in progress, then closes all connections. */
  close(): Promise<void>;
}
