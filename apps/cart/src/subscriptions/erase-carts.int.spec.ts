import { newId } from '@stoa/messaging';
import { moveHooks } from '@stoa/messaging/moves';
import { bucketOf, type Step } from '@stoa/sharding/testing';
import { Mover } from '@stoa/sharding';
import { eventually } from '@stoa/testing';
import { CartService, newCustomer, newGuest } from '../../test/cart-service.js';
import { cartKeyspace } from '../storage/keyspace.js';

describe('the carts of a customer who was erased', () => {
  let carts: CartService;

  beforeAll(async () => {
    carts = await CartService.start();
    await Promise.all([carts.startClone(), carts.startClone()]);
    await carts.offer({ MUG: { amount: 1250 }, LAMP: { amount: 9900 } });
  });
  afterAll(() => carts.stop());

  const rowOf = async (id: string) =>
    (
      await carts.rows<{ status: string; version: number; skus: string[]; joined_by: string | null }>(
        'SELECT status, version, skus, joined_by FROM carts WHERE customer_id = $1',
        [id],
      )
    )[0];
  // A command that Kafka delivers twice, as clones join, may come behind the erasure, and leaves that it was refused.
  const repliesTo = async (id: string): Promise<number> =>
    (await carts.rows<{ reply: string | null }>('SELECT reply FROM inbox WHERE key = $1', [id])).filter(
      ({ reply }) => !reply?.includes('"CART_CLOSED"'),
    ).length;
  const dropped = (id: string, version: number) =>
    eventually(async () => expect(await rowOf(id)).toEqual({ status: 'closed', version, skus: [], joined_by: null }));

  it('are empty and closed for good, their replies are purged, and the change is published', async () => {
    const customer = newCustomer();
    const id = newId();
    await carts.ask('addItem', { sku: 'MUG', quantity: 2 }, customer, { id });
    expect(await repliesTo(customer.customerId)).toBe(1);
    await carts.erase(customer.customerId);
    await dropped(customer.customerId, 2);
    expect(await repliesTo(customer.customerId)).toBe(0);
    for (const again of [{ id }, {}]) {
      const { body } = await carts.ask('addItem', { sku: 'MUG', quantity: 2 }, customer, again);
      expect(body.code).toBe('CART_CLOSED');
    }
    expect((await carts.ask('getCart', {}, customer)).body.lines).toEqual([]);
    const published = await carts.events(customer.customerId, 2);
    expect(published.map(({ version, data }) => [version, data.change, data.lines.length])).toEqual([
      [1, 'added', 1],
      [2, 'closed', 0],
    ]);
  });

  it('keep a tombstone where there was no cart: a write that comes late finds it', async () => {
    const customer = newCustomer();
    await carts.erase(customer.customerId);
    await dropped(customer.customerId, 1);
    expect((await carts.ask('addItem', { sku: 'MUG' }, customer)).body.code).toBe('CART_CLOSED');
  });

  it('are dropped once, however often the event comes', async () => {
    const customer = newCustomer();
    await carts.ask('addItem', { sku: 'MUG' }, customer);
    await carts.erase(customer.customerId, 7);
    await carts.erase(customer.customerId, 7);
    const after = newCustomer();
    await carts.erase(after.customerId, 7);
    await dropped(customer.customerId, 2);
    await dropped(after.customerId, 1);
    expect((await carts.events(customer.customerId, 2)).length).toBe(2);
    expect(await rowOf(customer.customerId)).toMatchObject({ version: 2 });
  });

  it("take the guests' carts along that went into them", async () => {
    const [customer, guests] = [newCustomer(), [newGuest(), newGuest(), newGuest()]];
    for (const guest of guests) {
      await carts.ask('addItem', { sku: 'LAMP' }, guest);
      await carts.ask('joinGuestCart', { guestId: guest.customerId }, customer);
      expect(await rowOf(guest.customerId)).toMatchObject({ skus: ['LAMP'], joined_by: customer.customerId });
    }
    await carts.erase(customer.customerId);
    await dropped(customer.customerId, 4);
    for (const { customerId } of guests) {
      await dropped(customerId, 3);
      expect(await repliesTo(customerId)).toBe(0);
    }
    expect(await carts.rows('SELECT FROM joined_guests WHERE customer_id = $1', [customer.customerId])).toEqual([]);
  });

  it('take nothing over any more: a sign-in under way loses the guest cart, and does not keep it', async () => {
    const [customer, guest] = [newCustomer(), newGuest()];
    await carts.ask('addItem', { sku: 'LAMP' }, guest);
    await carts.erase(customer.customerId);
    await dropped(customer.customerId, 1);
    const joined = await carts.ask('joinGuestCart', { guestId: guest.customerId }, customer);
    expect(joined.body).toEqual({ merged: 0 });
    await dropped(guest.customerId, 3);
    expect(await rowOf(customer.customerId)).toMatchObject({ version: 1, skus: [] });
  });

  it('stay empty while writes race with the erasure', async () => {
    const shoppers = Array.from({ length: 12 }, newCustomer);
    const writes = shoppers.flatMap((shopper) => [1, 2, 3].map(() => carts.ask('addItem', { sku: 'MUG' }, shopper)));
    await Promise.all(shoppers.map(({ customerId }) => carts.erase(customerId)));
    for (const { ok, body } of await Promise.all(writes)) if (!ok) expect(body.code).toBe('CART_CLOSED');
    for (const { customerId } of shoppers) {
      await eventually(async () => expect(await rowOf(customerId)).toMatchObject({ status: 'closed', skus: [] }));
    }
  });

  it.each<Step>(['wait for copy', 'make destination ready', 'retire source'])(
    'are dropped where their bucket goes: known before "%s" of its move',
    async (step) => {
      const customer = newCustomer();
      await carts.ask('addItem', { sku: 'MUG' }, customer);
      const from = (await carts.placeOf(customer.customerId)) ?? '';
      const to = from === 'shard1' ? 'shard2' : 'shard1';
      const onStep = async (now: Step, when: 'before' | 'after'): Promise<void> => {
        if (now === step && when === 'before') await carts.erase(customer.customerId);
      };
      const mover = new Mover({ directoryUrl: carts.data.directoryAdminUrl, hooks: { ...moveHooks, onStep } });
      const buckets = [bucketOf(customer.customerId)];
      const id = await mover.planMove({ keyspace: cartKeyspace.name, buckets, from, to });
      expect(await mover.runMove(id)).toMatchObject({ phase: 'done' });
      await dropped(customer.customerId, 2);
      expect(await carts.shardsOf(customer.customerId)).toEqual([to]);
      expect((await carts.ask('addItem', { sku: 'MUG' }, customer)).body.code).toBe('CART_CLOSED');
    },
    120_000,
  );
});
