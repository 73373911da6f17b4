import { messagingMigrations } from '@stoa/messaging';
import { PgDatabase } from '@stoa/postgres';
import { testDatabase, type TestDatabase } from '@stoa/testing';
import { Availability } from './availability.js';
import { Products } from './products.js';

let test: TestDatabase;
let database: PgDatabase;
beforeAll(async () => {
  test = await testDatabase({ migrations: [messagingMigrations, 'apps/order/prisma/migrations'] });
  database = new PgDatabase({ name: 'order', urls: [test.url], clone: 'order-test' });
});
afterAll(async () => {
  await database.close();
  await test.drop();
});

const [availability, products] = [new Availability(), new Products()];
const price = { amount: 100, currency: 'EUR' };
const variant = (sku: string, version: number, available: boolean) =>
  database.transaction(0, (tx) =>
    products.takeOver(tx, [
      { key: sku, version, data: { sku, product: sku, title: sku, imageUrl: null, price, available } },
    ]),
  );
const show = (sku: string, version: number, available: boolean | null) =>
  database.transaction(0, (tx) =>
    availability.takeOver(tx, [{ key: sku, version, data: available === null ? null : { sku, available } }]),
  );
const isAvailable = async (sku: string): Promise<boolean | undefined> =>
  database.transaction(0, async (tx) => {
    const product = (await products.find(tx, [sku])).get(sku);
    return product?.sold ? product.available : undefined;
  });

it("is the catalog's word on what can be bought, once there is one", async () => {
  await variant('pan', 1, false);
  expect(await isAvailable('pan')).toBe(false);
  await show('pan', 2, true);
  expect(await isAvailable('pan')).toBe(true);
  await show('pan', 1, false);
  await variant('pan', 2, false);
  expect(await isAvailable('pan')).toBe(true);
  await show('pan', 3, null);
  expect(await isAvailable('pan')).toBe(false);
});

it('may come before its variant, and is forgotten with the others', async () => {
  await show('pot', 1, false);
  expect(await isAvailable('pot')).toBeUndefined();
  await variant('pot', 1, true);
  expect(await isAvailable('pot')).toBe(false);
  while (await database.transaction(0, (tx) => availability.forget(tx)));
  expect(await isAvailable('pot')).toBe(true);
});
