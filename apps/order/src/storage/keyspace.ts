import { messagingMigrations } from '@stoa/messaging';
import { MESSAGING_REFERENCE, MESSAGING_TABLES, type Keyspace } from '@stoa/sharded-service';

/** The order service's tables, and how each is moved between shards. */
export const orderKeyspace: Keyspace = {
  name: 'order',
  migrations: new URL('../../prisma/migrations', import.meta.url),
  packages: [messagingMigrations],
  tables: [{ name: 'orders', kind: 'moved', keyColumn: 'customer_id' }, ...MESSAGING_TABLES],
  reference: [...MESSAGING_REFERENCE],
};
