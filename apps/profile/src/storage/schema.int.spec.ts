import { readFile } from 'node:fs/promises';
import { messagingMigrations } from '@stoa/messaging';
import { BUCKET_SQL } from '@stoa/sharding/testing';
import { tablesOfMigrations, tablesOfPrismaSchema } from '@stoa/testing';

const prisma = 'apps/profile/prisma';
const lookup = 'apps/profile/prisma-lookup';

describe('the schema', () => {
  it.each([
    [prisma, [messagingMigrations]],
    [lookup, []],
  ])('in %s describes the tables that its migrations make', async (folder, packages) => {
    const made = await tablesOfMigrations([...packages, `${folder}/migrations`]);
    expect(await tablesOfPrismaSchema(`${folder}/schema.prisma`)).toEqual(made);
  });

  it('finds buckets as @stoa/sharding does', async () => {
    for (const file of [`${prisma}/migrations/00000000000002_profile`, `${lookup}/migrations/00000000000001_lookup`]) {
      expect(await readFile(`${file}/migration.sql`, 'utf8')).toContain(BUCKET_SQL);
    }
  });
});
