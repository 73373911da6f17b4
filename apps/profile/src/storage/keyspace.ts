import { messagingMigrations } from '@stoa/messaging';
import { MESSAGING_REFERENCE, MESSAGING_TABLES, type Keyspace } from '@stoa/sharded-service';

/** The profile's tables, and how each is moved between shards. */
export const profileKeyspace: Keyspace = {
  name: 'profile',
  migrations: new URL('../../prisma/migrations', import.meta.url),
  packages: [messagingMigrations],
  tables: [
    { name: 'customers', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'credentials', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'address_books', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'second_factors', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'erased_customers', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'operators', kind: 'moved', keyColumn: 'registry' },
    { name: 'links', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'mails', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'reset_requests', kind: 'moved', keyColumn: 'request_id' },
    ...MESSAGING_TABLES,
  ],
  reference: MESSAGING_REFERENCE,
};

/** Names to sign in with: sharded by the name, because a name and its customer may be on different shards. */
export const lookupKeyspace: Keyspace = {
  name: 'lookup',
  migrations: new URL('../../prisma-lookup/migrations', import.meta.url),
  tables: [{ name: 'names', kind: 'moved', keyColumn: 'name' }],
  reference: [],
};
