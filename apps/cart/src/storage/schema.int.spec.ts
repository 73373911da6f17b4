import { readFile } from 'node:fs/promises';
import { tablesOfDatabase, tablesOfPrismaSchema, testDatabase, type TestDatabase } from '@stoa/testing';

const prisma = 'apps/cart/prisma';

describe('the schema', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase({ migrations: `${prisma}/migrations` });
  });
  afterAll(() => database.drop());

  it('describes the tables that the migrations make', async () => {
    const described = await tablesOfPrismaSchema(`${prisma}/schema.prisma`);
    const made = await tablesOfDatabase(database.url);
    const own = Object.fromEntries(Object.keys(described).map((table) => [table, made[table]]));
    expect(described).toEqual(own);
    const messaging = ['event_versions', 'inbox', 'outbox', 'parked_events', 'state_offsets'];
    expect(Object.keys(made).filter((table) => !(table in described))).toEqual(expect.arrayContaining(messaging));
    expect(Object.keys(made).length).toBe(Object.keys(described).length + messaging.length);
  });

  it("holds messaging's tables verbatim", async () => {
    const [copy, original] = await Promise.all([
      readFile(`${prisma}/migrations/00000000000001_messaging/migration.sql`, 'utf8'),
      readFile('packages/messaging/sql/messaging.sql', 'utf8'),
    ]);
    expect(copy).toBe(original);
  });
});
