import { newId } from '@stoa/messaging';
import { MAX_QUANTITY } from '@stoa/cart-contract';
import { CartService, newCustomer, newGuest } from '../../test/cart-service.js';

describe('the cart service', () => {
  let carts: CartService;

  beforeAll(async () => {
    carts = await CartService.start();
    await carts.startClone();
    await carts.offer({ MUG: { amount: 1250 }, LAMP: { amount: 9900 }, FRANC: { amount: 100, currency: 'CHF' } });
  });
  afterAll(() => carts.stop());

  it('replies an empty cart to whoever never put anything in', async () => {
    const caller = newGuest();
    expect((await carts.ask('getCart', {}, caller)).body).toEqual({
      customerId: caller.customerId,
      version: 0,
      lines: [],
      itemCount: 0,
      total: null,
      updatedAt: null,
    });
  });

  it('adds, changes and removes items, and publishes each in order', async () => {
    const caller = newCustomer();
    await carts.ask('addItem', { sku: 'MUG', quantity: 2 }, caller);
    await carts.ask('addItem', { sku: 'LAMP' }, caller);
    const added = await carts.ask('addItem', { sku: 'MUG', quantity: 1 }, caller);
    expect(added.body).toMatchObject({ version: 3, itemCount: 4, total: { amount: 13_650, currency: 'EUR' } });
    expect((await carts.ask('changeItem', { sku: 'MUG', quantity: 1 }, caller)).body.itemCount).toBe(2);
    const removed = await carts.ask('removeItem', { sku: 'LAMP' }, caller);
    expect(removed.body).toMatchObject({ version: 5, itemCount: 1, total: { amount: 1250, currency: 'EUR' } });
    expect((await carts.ask('getCart', {}, caller)).body).toEqual(removed.body);

    const events = await carts.events(caller.customerId, 5);
    expect(events.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
    expect(events.map(({ data }) => data.change)).toEqual(['added', 'added', 'added', 'changed', 'removed']);
    expect(events.at(-1)?.data.lines).toEqual([{ sku: 'MUG', quantity: 1 }]);
  });

  it('serves a cart that a clone of the next version filled, whose limit is larger', async () => {
    const [guest, caller] = [newGuest(), newCustomer()];
    const large = MAX_QUANTITY + 1_000;
    for (const each of [guest, caller]) {
      await carts.ask('addItem', { sku: 'MUG', quantity: 1 }, each);
      await carts.ask('addItem', { sku: 'LAMP', quantity: 1 }, each);
      const text = 'UPDATE carts SET quantities = ARRAY[$2::integer, 1] WHERE customer_id = $1';
      await carts.rows(text, [each.customerId, large]);
    }
    expect((await carts.ask('getCart', {}, guest)).body).toMatchObject({ itemCount: large + 1 });
    const more = await carts.ask('addItem', { sku: 'MUG', quantity: 1 }, guest);
    expect(more.body.code).toBe('QUANTITY_TOO_LARGE');
    expect((await carts.ask('removeItem', { sku: 'LAMP' }, guest)).body).toMatchObject({ itemCount: large });
    expect((await carts.events(guest.customerId, 3)).at(-1)?.data.lines).toEqual([{ sku: 'MUG', quantity: large }]);

    const joined = await carts.ask('joinGuestCart', { guestId: guest.customerId }, caller);
    expect(joined.body).toEqual({ merged: 0 });
    expect((await carts.ask('getCart', {}, caller)).body).toMatchObject({ itemCount: large + 1 });
    expect((await carts.ask('changeItem', { sku: 'MUG', quantity: 1 }, caller)).body).toMatchObject({ itemCount: 2 });
  });

  it('changes nothing when a command comes again, and replies the same', async () => {
    const caller = newCustomer();
    const id = newId();
    const first = await carts.ask('addItem', { sku: 'MUG', quantity: 2 }, caller, { id });
    await carts.ask('addItem', { sku: 'LAMP' }, caller);
    const again = await Promise.all(
      [1, 2, 3].map(() => carts.ask('addItem', { sku: 'MUG', quantity: 2 }, caller, { id })),
    );
    expect(again).toEqual([first, first, first]);
    expect((await carts.ask('getCart', {}, caller)).body).toMatchObject({ version: 2, itemCount: 3 });
    const other = await carts.ask('addItem', { sku: 'MUG', quantity: 3 }, caller, { id });
    expect(other.body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(await carts.events(caller.customerId, 2)).toHaveLength(2);
  });

  it('counts every item of many that are added at once', async () => {
    const caller = newCustomer();
    const replies = await Promise.all(Array.from({ length: 40 }, () => carts.ask('addItem', { sku: 'MUG' }, caller)));
    expect(replies.every(({ ok }) => ok)).toBe(true);
    expect((await carts.ask('getCart', {}, caller)).body).toMatchObject({ version: 40, itemCount: 40 });
  });

  it.each([0, -1, 1e9, 1.5, '2', null])('refuses the quantity %p, naming the field', async (quantity) => {
    const { ok, body } = await carts.ask('addItem', { sku: 'MUG', quantity }, newCustomer());
    expect(ok).toBe(false);
    expect(body).toMatchObject({ code: 'INVALID_INPUT', problems: [{ pointer: '/quantity' }] });
  });

  it.each([
    ['addItem', { sku: 'NEVER-SOLD' }, 'UNKNOWN_SKU'],
    ['addItem', { sku: 'FRANC' }, 'CURRENCY_MISMATCH'],
    ['addItem', { sku: 'MUG', quantity: MAX_QUANTITY }, 'QUANTITY_TOO_LARGE'],
    ['changeItem', { sku: 'LAMP', quantity: 1 }, 'NOT_IN_CART'],
    ['removeItem', { sku: 'LAMP' }, 'NOT_IN_CART'],
  ] as const)('%s %j is refused with %s and changes nothing', async (operation, input, code) => {
    const caller = newCustomer();
    const before = await carts.ask('addItem', { sku: 'MUG' }, caller);
    expect((await carts.ask(operation, input, caller)).body.code).toBe(code);
    expect((await carts.ask('getCart', {}, caller)).body).toEqual(before.body);
  });

  it('refuses a stale If-Match', async () => {
    const caller = newCustomer();
    await carts.ask('addItem', { sku: 'MUG' }, caller);
    await carts.ask('addItem', { sku: 'MUG' }, caller);
    const stale = await carts.ask('changeItem', { sku: 'MUG', quantity: 9 }, caller, { expectedVersion: 1 });
    expect(stale.body.code).toBe('STALE_VERSION');
    const right = await carts.ask('changeItem', { sku: 'MUG', quantity: 9 }, caller, { expectedVersion: 2 });
    expect(right.body).toMatchObject({ version: 3, itemCount: 9 });
  });

  it('accepts If-Match on the first write only for version 0', async () => {
    const caller = newCustomer();
    expect((await carts.ask('addItem', { sku: 'MUG' }, caller, { expectedVersion: 1 })).body.code).toBe(
      'STALE_VERSION',
    );
    expect((await carts.ask('addItem', { sku: 'MUG' }, caller, { expectedVersion: 0 })).body.version).toBe(1);
  });

  it('has no cart for services', async () => {
    const { body } = await carts.ask('getCart', {}, { kind: 'service', name: 'order' });
    expect(body.code).toBe('FORBIDDEN');
  });

  it('spreads carts over its shards, and says which one replied', async () => {
    const seen = new Set<string>();
    for (let n = 0; seen.size < 2; n++) {
      if (n > 50) throw new Error(`50 carts are all on ${[...seen].join()}`);
      const caller = newCustomer();
      const written = await carts.request('addItem', { sku: 'MUG' }, caller);
      const read = await carts.request('getCart', {}, caller);
      const [clone, shard = ''] = written.servedBy.split('@');
      expect(read).toMatchObject({ ok: true, servedBy: `${clone}@${shard}` });
      expect(await carts.shardsOf(caller.customerId)).toEqual([shard]);
      seen.add(shard);
    }
    expect([...seen].toSorted()).toEqual(['shard1', 'shard2']);
  });

  it('puts rows into the bucket of their customer and refuses another', async () => {
    const caller = newCustomer();
    await carts.ask('addItem', { sku: 'MUG' }, caller);
    const rows = await carts.rows(
      'SELECT bucket = stoa_bucket(customer_id::text) AS right FROM carts WHERE customer_id = $1',
      [caller.customerId],
    );
    expect(rows).toEqual([{ right: true }]);
    const moved = carts.rows('UPDATE carts SET bucket = (bucket + 1) % 1024 WHERE customer_id = $1', [
      caller.customerId,
    ]);
    await expect(moved).rejects.toThrow('a row of carts belongs into bucket');
  });
});
