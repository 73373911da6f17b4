import { messagingMigrations } from '@stoa/messaging';
import { tablesOfMigrations, tablesOfPrismaSchema } from '@stoa/testing';
import { readFile } from 'node:fs/promises';

const prisma = 'apps/catalog/prisma';

describe('the schema', () => {
  it('describes the tables that the migrations make, but for those that Prisma is to leave alone', async () => {
    const described = await tablesOfPrismaSchema(`${prisma}/schema.prisma`);
    const made = await tablesOfMigrations([messagingMigrations, `${prisma}/migrations`]);
    // Prisma has no type for it.
    made['products'] = (made['products'] ?? []).filter((column) => column !== 'search tsvector');
    expect(described).toEqual(Object.fromEntries(Object.keys(described).map((table) => [table, made[table]])));
    const config = await readFile('apps/catalog/prisma.config.ts', 'utf8');
    const external = [...config.matchAll(/'public\.(\w+)'/g)].map(([, table = '']) => table);
    expect([...Object.keys(described), ...external].toSorted()).toEqual(Object.keys(made).toSorted());
  });
});
