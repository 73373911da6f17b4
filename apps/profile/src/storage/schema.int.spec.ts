import { readFile } from 'node:fs/promises';
import { BUCKET_SQL } from '@stoa/sharding/testing';
import { tablesOfDatabase, tablesOfPrismaSchema, testDatabase, type TestDatabase } from '@stoa/testing';

const prisma = 'apps/profile/prisma';
const lookup = 'apps/profile/prisma-lookup';

describe('the schema', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase({ migrations: `${prisma}/migrations` });
  });
  afterAll(() => database.drop());

  it('describes the tables that the migrations make', async () => {
    expect(await tablesOfPrismaSchema(`${prisma}/schema.prisma`)).toEqual(await tablesOfDatabase(database.url));
  });

  it('describes the lookup keyspace, too', async () => {
    const names = await testDatabase({ migrations: `${lookup}/migrations` });
    try {
      expect(await tablesOfPrismaSchema(`${lookup}/schema.prisma`)).toEqual(await tablesOfDatabase(names.url));
    } finally {
      await names.drop();
    }
  });

  it('finds buckets as @stoa/sharding does', async () => {
    for (const file of [`${prisma}/migrations/00000000000002_profile`, `${lookup}/migrations/00000000000001_lookup`]) {
      expect(await readFile(`${file}/migration.sql`, 'utf8')).toContain(BUCKET_SQL);
    }
  });
});
