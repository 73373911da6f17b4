import { testDatabase, type TestDatabase } from '@stoa/testing';
import { poolChecks } from './holding.js';
import { PgDatabase } from './pg-database.js';

describe('work that holds a connection', () => {
  const wereOn = poolChecks.areOn;
  let test: TestDatabase;
  let database: PgDatabase;
  let other: PgDatabase;
  const one = { text: 'SELECT 1' };

  beforeAll(async () => {
    poolChecks.areOn = true;
    test = await testDatabase();
    const open = (): PgDatabase => new PgDatabase({ name: 'cart', urls: [test.url], clone: 'cart-test' });
    [database, other] = [open(), open()];
  });
  afterAll(async () => {
    poolChecks.areOn = wereOn;
    await Promise.all([database.close(), other.close()]);
    await test.drop();
  });

  it('may not ask its pool for another one, however deep below', async () => {
    const reading = database.transaction(0, async (tx) => {
      await tx.query('SELECT 1');
      return Promise.all([database.read(0, one)]);
    });
    await expect(reading).rejects.toThrow('asked for another connection');
    const throughOther = database.transaction(0, () =>
      other.transaction(0, () => database.transaction(0, async () => undefined)),
    );
    await expect(throughOther).rejects.toThrow('asked for another connection');
  });

  it('may ask another pool, and its own once it is over', async () => {
    let later: () => Promise<unknown> = async () => undefined;
    await database.transaction(0, async () => {
      expect(await other.read(0, one)).toHaveLength(1);
      later = () => database.read(0, one);
    });
    expect(await later()).toHaveLength(1);
    expect(
      await Promise.all([database.read(0, one), database.transaction(0, (tx) => tx.query('SELECT 1'))]),
    ).toHaveLength(2);
  });
});
