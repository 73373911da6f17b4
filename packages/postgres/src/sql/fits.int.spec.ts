import { testDatabase } from '@stoa/testing';
import { Client } from 'pg';
import { fits } from './fits.js';

/** Values of each type at its borders, on both sides. */
const VALUES = {
  timestamptz: [
    ...['0000-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z', '2024-02-29T12:00:00.5Z', '2025-02-29T00:00:00Z'],
    ...['2025-02-30T00:00:00.000000Z', '2025-04-31T00:00:00Z', '2025-13-01T00:00:00Z', '9999-12-31T23:59:59.999999Z'],
  ],
  uuid: ['00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-00000000000g', ''],
  bigint: ['9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809', ''],
  text: ['', 'a\0b', 'é'],
  real: [0, 1e300, -1e300, 1e-300, 1e-46, 1e-44, 3.402_823_46e38, 3.402_823_57e38],
} as const;

describe('what Postgres takes', () => {
  it('is what fits says, for every type', async () => {
    const database = await testDatabase();
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const casts = (type: string, value: string | number): Promise<boolean> =>
      client.query(`SELECT $1::${type}`, [value]).then(
        () => true,
        () => false,
      );
    for (const [type, values] of Object.entries(VALUES)) {
      const check = fits[type as keyof typeof fits] as (value: string | number) => boolean;
      for (const value of values) expect([type, value, check(value)]).toEqual([type, value, await casts(type, value)]);
    }
    await client.end();
    await database.drop();
  });
});
