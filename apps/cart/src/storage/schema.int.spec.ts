import { readFile } from 'node:fs/promises';
import { BUCKET_SQL } from '@stoa/sharding';
import { tablesOfDatabase, tablesOfPrismaSchema, testDatabase, type TestDatabase } from '@stoa/testing';

const prisma = 'apps/cart/prisma';

describe('the schema', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase({ migrations: `${prisma}/migrations` });
  });
  afterAll(() => database.drop());

  it('describes the tables that the migrations make', async () => {
    expect(await tablesOfPrismaSchema(`${prisma}/schema.prisma`)).toEqual(await tablesOfDatabase(database.url));
  });

  it('finds buckets as @stoa/sharding does', async () => {
    const own = await readFile(`${prisma}/migrations/00000000000002_cart/migration.sql`, 'utf8');
    expect(own).toContain(BUCKET_SQL);
  });
});
