import { messagingMigrations } from '@stoa/messaging';
import { MESSAGING_REFERENCE, MESSAGING_TABLES, type Keyspace } from '@stoa/sharded-service';

/** The cart's tables, and how each is moved between shards. */
export const cartKeyspace: Keyspace = {
  name: 'cart',
  migrations: new URL('../../prisma/migrations', import.meta.url),
  packages: [messagingMigrations],
  tables: [
    { name: 'carts', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'joined_guests', kind: 'moved', keyColumn: 'customer_id' },
    ...MESSAGING_TABLES,
  ],
  reference: ['products', ...MESSAGING_REFERENCE],
};
