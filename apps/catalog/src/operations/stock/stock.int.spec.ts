import { catalog } from '@stoa/catalog-contract';
import { newId } from '@stoa/messaging';
import { productInput, variantInput } from '../../../test/inputs.js';
import { Shop } from '../../../test/shop.js';
import { ChangeProduct } from '../change-product.js';
import { CreateProduct } from '../create-product.js';
import { RemoveProduct } from '../remove-product.js';
import { AdjustStock } from './adjust-stock.js';
import { SetLowStock } from './set-low-stock.js';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
});
afterAll(() => shop.close());

const create = async (stock: number): Promise<{ handle: string; sku: string }> => {
  const handle = `p-${newId()}`;
  const sku = `${handle}-sku`;
  await shop.command(
    catalog.createProduct,
    CreateProduct,
    productInput(handle, { variants: [variantInput(sku, { stock })] }),
  );
  await shop.messages();
  return { handle, sku };
};
const adjust = (sku: string, delta: number) => shop.command(catalog.adjustStock, AdjustStock, { sku, delta });
const change = (input: object) => shop.command(catalog.changeProduct, ChangeProduct, input);
/** As orders' commands do. */
const reserve = (sku: string, quantity: number) =>
  shop.sql('UPDATE variants SET reserved = reserved + $2 WHERE sku = $1', [sku, quantity]);
/** As placed orders do. */
const sell = (sku: string, quantity: number) =>
  shop.sql('UPDATE variants SET stock = stock - $2 WHERE sku = $1', [sku, quantity]);
const kinds = async () => (await shop.messages()).map(({ type }) => type);

describe("a stock's history", () => {
  it('says what moved it, who and why, page by page, also once the product is gone', async () => {
    const { handle, sku } = await create(5);
    await adjust(sku, -2);
    await adjust(sku, 4);
    await change({ handle, variants: [variantInput(sku, { stock: 1 })] });
    await shop.import(`${JSON.stringify(productInput(handle, { variants: [variantInput(sku, { stock: 8 })] }))}\n`, {
      format: 'ndjson',
      file: 'spring.ndjson',
    });
    await shop.command(catalog.removeProduct, RemoveProduct, { handle });
    const first = await shop.movements({ sku, limit: 4 });
    const rest = await shop.movements({ sku, limit: 4, cursor: first.next });
    const all = [...first.items, ...rest.items].toReversed();
    expect(all.map(({ kind, delta, stock }) => [kind, delta, stock])).toEqual([
      ['set', 5, 5],
      ['adjusted', -2, 3],
      ['adjusted', 4, 7],
      ['set', -6, 1],
      ['imported', 7, 8],
      ['removed', -8, 0],
    ]);
    expect(all[4]).toMatchObject({ reason: 'spring.ndjson', by: expect.stringContaining('import ') });
    expect(rest.next).toBeNull();
    await expect(shop.movements({ sku, cursor: 'x' })).rejects.toMatchObject({ code: 'BAD_CURSOR' });
    await expect(shop.movements({ sku: 'none' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(shop.stockOf(sku)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('takes in what a clone of the version before records', async () => {
    const { sku } = await create(5);
    await shop.sql(
      `INSERT INTO stock_adjustments (id, sku, delta, stock, reason, adjusted_by, adjusted_at)
       VALUES ($1, $2, -1, 4, 'broken', 'somebody', now())`,
      [newId(), sku],
    );
    const recorded = { kind: 'adjusted', delta: -1, stock: 4, reason: 'broken', by: 'somebody', orderId: null };
    expect((await shop.movements({ sku })).items[0]).toMatchObject(recorded);
  });
});

describe('stock that orders hold', () => {
  it('stays, and is not on sale', async () => {
    const { handle, sku } = await create(5);
    await reserve(sku, 3);
    expect(await shop.stockOf(sku)).toMatchObject({ stock: 5, reserved: 3, available: 2, lowStockAt: null });
    expect((await shop.product(handle)).variants[0]).toMatchObject({ stock: 5, available: 2 });
    await expect(adjust(sku, -3)).rejects.toMatchObject({ code: 'NOT_ENOUGH_STOCK', message: /orders hold 3/ });
    const less = change({ handle, variants: [variantInput(sku, { stock: 2 })] });
    await expect(less).rejects.toMatchObject({ code: 'STOCK_HELD' });
    const other = change({ handle, variants: [variantInput(`${sku}-2`)] });
    await expect(other).rejects.toMatchObject({ code: 'STOCK_HELD' });
    const removal = shop.command(catalog.removeProduct, RemoveProduct, { handle });
    await expect(removal).rejects.toMatchObject({ code: 'STOCK_HELD' });
    expect((await adjust(sku, -2)).stock).toBe(3);
  });

  it('is left by an import, which refuses the row', async () => {
    const { handle, sku } = await create(5);
    await reserve(sku, 3);
    const line = (...variants: object[]) => `${JSON.stringify({ ...productInput(handle), variants })}\n`;
    const less = await shop.import(line(variantInput(sku, { stock: 2 })), { format: 'ndjson' });
    expect(less.job).toMatchObject({ productsChanged: 0, rowsRefused: 1 });
    expect(less.problems[0]?.reason).toMatch(/less than the 3/);
    const gone = await shop.import(line(variantInput(`${sku}-2`)), { format: 'ndjson' });
    expect(gone.problems[0]?.reason).toMatch(/would lose the variant/);
    expect(await shop.stockOf(sku)).toMatchObject({ stock: 5, reserved: 3 });
  });

  it('is not put back by a change that knew nothing of a sale', async () => {
    const { handle, sku } = await create(5);
    await sell(sku, 2);
    await change({ handle, title: 'Another title' });
    expect(await shop.stockOf(sku)).toMatchObject({ stock: 3 });
  });
});

describe('availability', () => {
  it('is published when shoppers see something else, not with every sale', async () => {
    const { handle, sku } = await create(3);
    await reserve(sku, 2);
    await shop.showAvailability();
    expect(await kinds()).toEqual([]);
    await reserve(sku, 1);
    expect((await shop.product(handle)).version).toBe(1);
    await shop.showAvailability();
    expect(await shop.messages()).toMatchObject([
      { type: 'availability', key: sku, version: 1, data: { sku, available: false } },
      { type: 'productChanged', key: handle, version: 2 },
    ]);
    expect((await shop.list({ q: handle })).items[0]?.available).toBe(false);
    await reserve(sku, -1);
    await shop.showAvailability();
    expect(await shop.messages()).toMatchObject([{ type: 'availability', version: 2, data: { available: true } }, {}]);
    expect((await shop.list({ q: handle })).items[0]?.available).toBe(true);
  });

  it('is no news where it comes back at once', async () => {
    const { sku } = await create(1);
    await reserve(sku, 1);
    await shop.showAvailability();
    await shop.messages();
    await reserve(sku, -1);
    await reserve(sku, 1);
    await shop.showAvailability();
    expect(await kinds()).toEqual([]);
  });

  it('goes with its SKU, and its versions go on when that comes back', async () => {
    const { handle, sku } = await create(1);
    await adjust(sku, -1);
    await shop.command(catalog.removeProduct, RemoveProduct, { handle });
    await shop.messages();
    await shop.showAvailability();
    expect(await shop.messages()).toMatchObject([{ type: 'availability', key: sku, version: 2, data: null }]);
    await shop.command(catalog.createProduct, CreateProduct, productInput(handle, { variants: [variantInput(sku)] }));
    await adjust(sku, -5);
    const messages = await shop.messages();
    expect(messages.find(({ type }) => type === 'availability')).toMatchObject({
      version: 3,
      data: { available: false },
    });
  });
});

describe('low stock', () => {
  it('is reported once, by the threshold of the variant or of the shop', async () => {
    const { sku } = await create(6);
    const set = (threshold: number | null) => shop.command(catalog.setLowStock, SetLowStock, { sku, threshold });
    expect(await set(4)).toEqual({ sku, stock: 6, reserved: 0, available: 6, lowStockAt: 4 });
    await adjust(sku, -2);
    await adjust(sku, -1);
    expect((await kinds()).filter((type) => type === 'variantLow')).toHaveLength(1);
    await set(null);
    await adjust(sku, -1);
    expect((await kinds()).filter((type) => type === 'variantLow')).toHaveLength(1);
    await expect(shop.command(catalog.setLowStock, SetLowStock, { sku: 'none', threshold: 1 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
