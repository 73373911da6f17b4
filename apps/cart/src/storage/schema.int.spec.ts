import { readFile } from 'node:fs/promises';
import { messagingMigrations } from '@stoa/messaging';
import { BUCKET_SQL } from '@stoa/sharding/testing';
import { Client } from 'pg';
import { tablesOfMigrations, tablesOfPrismaSchema, testDatabase } from '@stoa/testing';

const prisma = 'apps/cart/prisma';

describe('the schema', () => {
  it('describes the tables that the migrations make', async () => {
    expect(await tablesOfPrismaSchema(`${prisma}/schema.prisma`)).toEqual(
      await tablesOfMigrations([messagingMigrations, `${prisma}/migrations`]),
    );
  });

  it('lets the copy of variants go on from where the version without types of copies had come', async () => {
    const migration = await readFile(`${prisma}/migrations/00000000000004_subscriptions/migration.sql`, 'utf8');
    const database = await testDatabase({ migrations: [messagingMigrations, `${prisma}/migrations`] });
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`INSERT INTO state_offsets VALUES ('catalog.states', 0, 7), ('catalog.states', 1, 9)`);
    await client.query(migration);
    await client.query(migration);
    const { rows } = await client.query(`SELECT topic, kafka_partition AS partition, next_offset AS next
      FROM state_offsets WHERE topic <> 'catalog.states' ORDER BY kafka_partition`);
    await client.end();
    await database.drop();
    expect(rows).toEqual([
      { topic: 'catalog.states#variant', partition: 0, next: '7' },
      { topic: 'catalog.states#variant', partition: 1, next: '9' },
    ]);
  });

  it('finds buckets as @stoa/sharding does', async () => {
    const own = await readFile(`${prisma}/migrations/00000000000002_cart/migration.sql`, 'utf8');
    expect(own).toContain(BUCKET_SQL);
  });
});
