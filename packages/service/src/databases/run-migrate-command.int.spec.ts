import { testDatabase, type TestDatabase } from '@stoa/testing';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrateFromEnvironment } from './run-migrate-command.js';

let database: TestDatabase;
let folder: string;

async function write(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, 'migration.sql'), sql);
}

beforeEach(async () => {
  database = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'stoa-migrations-'));
  await write('001_items', 'CREATE TABLE item (id int PRIMARY KEY)');
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

it('calls a migration applied that failed half-way', async () => {
  const env = { CART_DATABASE_URL: database.url };
  await write('002_index', 'CREATE UNIQUE INDEX CONCURRENTLY item_again ON nowhere (id)');
  await expect(migrateFromEnvironment('cart', { folder, env, args: [] })).rejects.toThrow('002_index');
  expect(await migrateFromEnvironment('cart', { folder, env, args: ['--applied', '002_index'] })).toEqual([]);
});

it('migrates every database that the variable names', async () => {
  const other = await testDatabase();
  const env = { CART_DATABASE_URL: `${database.url},${other.url}` };
  expect(await migrateFromEnvironment('cart', { folder, env, args: [] })).toEqual(['001_items', '001_items']);
  await other.drop();
  await expect(migrateFromEnvironment('cart', { folder, env: {}, args: [] })).rejects.toThrow(
    'CART_DATABASE_URL is missing',
  );
});
