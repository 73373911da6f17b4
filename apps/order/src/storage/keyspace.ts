import { messagingMigrations } from '@stoa/messaging';
import { MESSAGING_REFERENCE, MESSAGING_TABLES, type Keyspace } from '@stoa/sharded-service';

/** Tables whose keys are names: of rules, counters, series. */
const NAMED_TABLES: Keyspace['tables'] = [
  { name: 'rules', kind: 'moved', keyColumn: 'id' },
  { name: 'coupon_counters', kind: 'moved', keyColumn: 'counter' },
  { name: 'coupon_uses', kind: 'moved', keyColumn: 'counter' },
  { name: 'invoice_series', kind: 'moved', keyColumn: 'series' },
  { name: 'invoice_numbers', kind: 'moved', keyColumn: 'series' },
];

/** The order service's tables, and how each is moved between shards. */
export const orderKeyspace: Keyspace = {
  name: 'order',
  migrations: new URL('../../prisma/migrations', import.meta.url),
  packages: [messagingMigrations],
  tables: [
    { name: 'orders', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'checkouts', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'shoppers', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'joined_guests', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'invoices', kind: 'moved', keyColumn: 'customer_id' },
    ...NAMED_TABLES,
    ...MESSAGING_TABLES,
  ],
  reference: ['products', 'shop_rules', ...MESSAGING_REFERENCE],
};
