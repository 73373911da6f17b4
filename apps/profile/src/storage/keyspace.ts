import { MESSAGING_REFERENCE, MESSAGING_TABLES, type Keyspace } from '@stoa/sharded-service';

/** What becomes of each of the profile's tables when data move between shards. */
export const profileKeyspace: Keyspace = {
  name: 'profile',
  migrations: new URL('../../prisma/migrations', import.meta.url),
  tables: [
    { name: 'customers', kind: 'moved', keyColumn: 'customer_id' },
    { name: 'credentials', kind: 'moved', keyColumn: 'customer_id' },
    // By the name, not by the customer: a name and whose it is may be on different shards.
    { name: 'login_names', kind: 'moved', keyColumn: 'name' },
    ...MESSAGING_TABLES,
  ],
  reference: MESSAGING_REFERENCE,
};
