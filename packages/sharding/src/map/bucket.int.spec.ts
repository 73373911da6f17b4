import { testDatabase, type TestDatabase } from '@stoa/testing';
import * as fc from 'fast-check';
import { Client } from 'pg';
import { BUCKET_SQL, bucketOf } from './bucket.js';

describe('stoa_bucket in SQL', () => {
  let database: TestDatabase;
  let client: Client;

  beforeAll(async () => {
    database = await testDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(BUCKET_SQL);
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  const inSql = async (keys: string[]): Promise<number[]> => {
    const { rows } = await client.query<{ buckets: number[] }>(
      `SELECT array_agg(stoa_bucket(key) ORDER BY n) AS buckets FROM unnest($1::text[]) WITH ORDINALITY AS k(key, n)`,
      [keys],
    );
    return rows[0]?.buckets ?? [];
  };

  it('gives the same bucket as bucketOf for any text that Postgres can hold', async () => {
    // Postgres text holds no NUL, and UTF-8 has no lone surrogates.
    const key = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
    const keys = fc.sample(key, 2_000);
    expect(await inSql(keys)).toEqual(keys.map(bucketOf));
  });

  it('gives the same bucket for ids', async () => {
    const ids = fc.sample(fc.uuid({ version: 7 }), 2_000);
    expect(await inSql(ids)).toEqual(ids.map(bucketOf));
  });
});
