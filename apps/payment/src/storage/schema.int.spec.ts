import { readFile } from 'node:fs/promises';
import { messagingMigrations } from '@stoa/messaging';
import { BUCKET_SQL } from '@stoa/sharding/testing';
import { tablesOfMigrations, tablesOfPrismaSchema } from '@stoa/testing';

const prisma = 'apps/payment/prisma';

describe('the schema', () => {
  it('describes the tables that the migrations make', async () => {
    expect(await tablesOfPrismaSchema(`${prisma}/schema.prisma`)).toEqual(
      await tablesOfMigrations([messagingMigrations, `${prisma}/migrations`]),
    );
  });

  it('finds buckets as @stoa/sharding does', async () => {
    const own = await readFile(`${prisma}/migrations/00000000000002_payment/migration.sql`, 'utf8');
    expect(own).toContain(BUCKET_SQL);
  });
});
