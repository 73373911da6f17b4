import { fileURLToPath } from 'node:url';
import type { ShardedTable } from '@stoa/sharding';

/** A service's sharded data: what its databases are called, and what becomes of each table. A table that is not named here can't be used. */
export interface Keyspace {
  readonly name: string;
  /** Prisma's folder of migrations, such as `new URL('../../prisma/migrations', import.meta.url)`. */
  readonly migrations: URL;
  /** Tables whose rows belong to a bucket. */
  readonly tables: readonly ShardedTable[];
  /** Tables that are the same on every shard, and that no move touches. */
  readonly reference: readonly string[];
}

/** The tables of @stoa/messaging. The inbox goes with its bucket, so that a command that comes again is recognised there. */
export const MESSAGING_TABLES: readonly ShardedTable[] = [
  { name: 'inbox', kind: 'moved' },
  { name: 'event_versions', kind: 'moved' },
  { name: 'parked_events', kind: 'moved' },
  { name: 'outbox', kind: 'drained' },
];

/** How far a shard's copies of other services' states have come: it says something of the shard, not of a customer. */
export const MESSAGING_REFERENCE: readonly string[] = ['state_offsets'];

export const folderOf = ({ migrations }: Keyspace): string => fileURLToPath(migrations);
