import { messagingMigrations } from '@stoa/messaging';
import { MESSAGING_REFERENCE, MESSAGING_TABLES, type Keyspace } from '@stoa/sharded-service';

/** The payment service's tables, and how each is moved between shards. */
export const paymentKeyspace: Keyspace = {
  name: 'payment',
  migrations: new URL('../../prisma/migrations', import.meta.url),
  packages: [messagingMigrations],
  tables: [
    { name: 'payers', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'payments', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'attempts', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'refunds', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'provider_events', kind: 'moved', keyColumn: 'customer_id' },
    ...MESSAGING_TABLES,
  ],
  reference: [...MESSAGING_REFERENCE],
};
