import { testDatabase } from '@stoa/testing';
import { Client } from 'pg';
import { messagingMigrations } from '../../src/migrations.js';
import { SimplePgDatabase } from './pg-database.js';

export interface TestMessagingDatabase {
  readonly database: SimplePgDatabase;
  drop(): Promise<void>;
}

export interface TestMessagingDatabaseOptions {
  /** How many databases; 1 if not given. */
  readonly servers?: number;
  /** The service's own tables. */
  readonly tables?: string;
  readonly bucketOf?: (key: string) => number;
  readonly name?: string;
}

/** New databases with the tables of messaging and of the test. */
export async function messagingDatabase(options: TestMessagingDatabaseOptions = {}): Promise<TestMessagingDatabase> {
  const databases = await Promise.all(
    Array.from({ length: options.servers ?? 1 }, () => testDatabase({ migrations: messagingMigrations })),
  );
  for (const { url } of databases) {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(options.tables ?? '');
    await client.end();
  }
  const urls = databases.map(({ url }) => url);
  const database = new SimplePgDatabase(urls, options.bucketOf, options.name);
  const drop = async (): Promise<void> => {
    await database.close();
    await Promise.all(databases.map((each) => each.drop()));
  };
  return { database, drop };
}
