import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messagingMigrations } from '@stoa/messaging';
import { BUCKET_SQL } from '@stoa/sharding/testing';
import { MESSAGING_REFERENCE, MESSAGING_TABLES, type Keyspace } from '../src/keyspace.js';

/** A service's sharded data as small as they can be, with migrations that a test may add to. */
export interface Notes {
  readonly keyspace: Keyspace;
  addMigration(name: string, sql: string): Promise<void>;
  remove(): Promise<void>;
}

export async function notesKeyspace(): Promise<Notes> {
  const folder = await mkdtemp(join(tmpdir(), 'stoa-notes-'));
  const addMigration = async (name: string, sql: string): Promise<void> => {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'migration.sql'), sql);
  };
  await addMigration(
    '002_notes',
    `${BUCKET_SQL}
     CREATE TABLE notes (bucket smallint NOT NULL, owner text NOT NULL, note text NOT NULL, PRIMARY KEY (bucket, owner));
     CREATE TABLE words (word text PRIMARY KEY);
     CREATE TABLE forgotten (word text PRIMARY KEY);`,
  );
  const keyspace: Keyspace = {
    name: 'notes',
    migrations: pathToFileURL(`${folder}/`),
    packages: [messagingMigrations],
    tables: [{ name: 'notes', kind: 'moved', keyColumn: 'owner' }, ...MESSAGING_TABLES],
    reference: ['words', ...MESSAGING_REFERENCE],
  };
  return { keyspace, addMigration, remove: () => rm(folder, { recursive: true }) };
}
