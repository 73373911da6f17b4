import { CartService, newCustomer } from '../../test/cart-service.js';

describe("the cart's copy of the catalog", () => {
  let carts: CartService;

  beforeAll(async () => {
    carts = await CartService.start();
    await carts.startClone();
  });
  afterAll(() => carts.stop());

  it('prices carts anew when a price changes', async () => {
    await carts.offer({ PLATE: { amount: 500 } });
    const caller = newCustomer();
    await carts.ask('addItem', { sku: 'PLATE', quantity: 2 }, caller);
    await carts.offer({ PLATE: { amount: 700 } });
    expect((await carts.ask('getCart', {}, caller)).body).toMatchObject({ version: 1, total: { amount: 1400 } });
  });

  it('keeps the line of what is not sold any more, and lets it only be removed', async () => {
    await carts.offer({ VASE: { amount: 3000 }, BOWL: { amount: 800 } });
    const caller = newCustomer();
    await carts.ask('addItem', { sku: 'VASE' }, caller);
    await carts.ask('addItem', { sku: 'BOWL' }, caller);
    await carts.offer({ VASE: null });
    const { lines, total } = (await carts.ask('getCart', {}, caller)).body;
    expect(lines[0]).toMatchObject({
      sku: 'VASE',
      title: 'The VASE',
      available: false,
      unitPrice: null,
      product: null,
    });
    expect(total).toEqual({ amount: 800, currency: 'EUR' });
    expect((await carts.ask('addItem', { sku: 'VASE' }, caller)).body.code).toBe('UNKNOWN_SKU');
    expect((await carts.ask('changeItem', { sku: 'VASE', quantity: 2 }, caller)).body.code).toBe('UNKNOWN_SKU');
    expect((await carts.ask('removeItem', { sku: 'VASE' }, caller)).body.lines).toHaveLength(1);
    await carts.offer({ VASE: { amount: 3100 } });
    expect((await carts.ask('addItem', { sku: 'VASE' }, caller)).body.total).toEqual({ amount: 3900, currency: 'EUR' });
  });

  it('refuses what is out of stock, and counts it in no total', async () => {
    await carts.offer({ CHAIR: { amount: 9000 } });
    const caller = newCustomer();
    await carts.ask('addItem', { sku: 'CHAIR' }, caller);
    await carts.offer({ CHAIR: { amount: 9000, available: false } });
    expect((await carts.ask('getCart', {}, caller)).body.total).toBeNull();
    expect((await carts.ask('addItem', { sku: 'CHAIR' }, caller)).body.code).toBe('OUT_OF_STOCK');
  });

  it('refuses what was sold out since, whatever its variant says, until it is back', async () => {
    await carts.offer({ STOVE: { amount: 9000 } });
    const caller = newCustomer();
    await carts.ask('addItem', { sku: 'STOVE' }, caller);
    await carts.showAvailability('STOVE', false);
    expect((await carts.ask('getCart', {}, caller)).body).toMatchObject({ total: null, lines: [{ available: false }] });
    expect((await carts.ask('addItem', { sku: 'STOVE' }, caller)).body.code).toBe('OUT_OF_STOCK');
    await carts.offer({ STOVE: { amount: 9500, available: true } });
    expect((await carts.ask('addItem', { sku: 'STOVE' }, caller)).body.code).toBe('OUT_OF_STOCK');
    await carts.showAvailability('STOVE', true);
    await carts.publish([carts.availabilityRecord('STOVE', 1, false)]);
    await carts.caughtUp();
    expect((await carts.ask('addItem', { sku: 'STOVE' }, caller)).body.total).toMatchObject({ amount: 19_000 });
  });

  it('knows an availability that comes before its variant, and forgets one that is gone', async () => {
    const caller = newCustomer();
    await carts.showAvailability('GRILL', false);
    expect((await carts.ask('addItem', { sku: 'GRILL' }, caller)).body.code).toBe('UNKNOWN_SKU');
    await carts.offer({ GRILL: { amount: 100, available: true } });
    expect((await carts.ask('addItem', { sku: 'GRILL' }, caller)).body.code).toBe('OUT_OF_STOCK');
    await carts.showAvailability('GRILL', null);
    expect((await carts.ask('addItem', { sku: 'GRILL' }, caller)).ok).toBe(true);
  });

  it('never goes back to an older state', async () => {
    await carts.publish([carts.stateRecord('TABLE', 7, { amount: 20_000 })]);
    await carts.caughtUp();
    await carts.publish([carts.stateRecord('TABLE', 6, { amount: 1 })]);
    await carts.caughtUp();
    await carts.publish([carts.stateRecord('TABLE', 5, null)]);
    await carts.caughtUp();
    const rows = await carts.rows("SELECT version, sold, amount FROM products WHERE sku = 'TABLE'");
    const newest = { version: '7', sold: true, amount: '20000' };
    expect(rows).toEqual([newest, newest]); // on both shards
  });

  it('keeps nothing that may be gone when nobody followed it for days', async () => {
    await carts.offer({ LAMP: { amount: 2000 } });
    await carts.rows(`INSERT INTO products (sku, version, sold, available, handle, title, amount, currency)
      VALUES ('GHOST', 9, true, true, 'ghost', 'Gone while nobody saw', 1, 'EUR')`);
    const caller = newCustomer();
    expect((await carts.ask('addItem', { sku: 'GHOST' }, caller)).ok).toBe(true);
    await carts.restartAfterDays();
    await carts.caughtUp();
    expect((await carts.ask('addItem', { sku: 'GHOST', quantity: 1 }, caller)).body.code).toBe('UNKNOWN_SKU');
    expect((await carts.ask('addItem', { sku: 'LAMP' }, caller)).ok).toBe(true);
  });

  it('is rebuilt from nothing: a database without products fills itself from the topic', async () => {
    await carts.offer({ BENCH: { amount: 40_000 }, STOOL: { amount: 4000 } });
    await carts.offer({ STOOL: null });
    await carts.restartWithoutProducts();
    await carts.caughtUp();
    const caller = newCustomer();
    expect((await carts.ask('addItem', { sku: 'BENCH' }, caller)).body.total).toEqual({
      amount: 40_000,
      currency: 'EUR',
    });
    expect((await carts.ask('addItem', { sku: 'STOOL' }, caller)).body.code).toBe('UNKNOWN_SKU');
  });
});
