import { fileURLToPath } from 'node:url';
import type { ShardedTable } from '@stoa/sharding';

/** A service's sharded data: its name and its tables. The service has no rights on a table that is not named here. */
export interface Keyspace {
  readonly name: string;
  /** Prisma's folder of migrations, such as `new URL('../../prisma/migrations', import.meta.url)`. */
  readonly migrations: URL;
  /** Folders of packages whose tables live in the same databases, such as `messagingMigrations`; none if not given. */
  readonly packages?: readonly string[];
  /** Tables whose rows belong to a bucket. */
  readonly tables: readonly ShardedTable[];
  /** Tables that are the same on every shard, and that no move touches. */
  readonly reference: readonly string[];
}

/** The tables of @stoa/messaging. The inbox moves with its bucket, so that a repeated command is recognised there. */
export const MESSAGING_TABLES: readonly ShardedTable[] = [
  { name: 'inbox', kind: 'moved' },
  { name: 'event_versions', kind: 'moved' },
  { name: 'parked_events', kind: 'moved' },
  { name: 'flows', kind: 'moved' },
  { name: 'outbox', kind: 'drained' },
];

/** The progress of a shard's copies of other services' states: it belongs to the shard, not to a customer. */
export const MESSAGING_REFERENCE: readonly string[] = ['state_offsets'];

/** The keyspace's migrations as `migrate` takes them. */
export const foldersOf = ({
  migrations,
  packages = [],
}: Keyspace): { folder: string; packages: readonly string[] } => ({
  folder: fileURLToPath(migrations),
  packages,
});
