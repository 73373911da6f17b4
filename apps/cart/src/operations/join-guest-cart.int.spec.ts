import { newId } from '@stoa/messaging';
import { eventually } from '@stoa/testing';
import { CartService, newCustomer, newGuest } from '../../test/cart-service.js';

describe('merging a cart at sign-in', () => {
  let carts: CartService;

  beforeAll(async () => {
    carts = await CartService.start();
    await carts.startClone();
    await carts.offer({ MUG: { amount: 1250 }, LAMP: { amount: 9900 } });
  });
  afterAll(() => carts.stop());

  const aGuestWithMugs = async (quantity = 2) => {
    const guest = newGuest();
    await carts.ask('addItem', { sku: 'MUG', quantity }, guest);
    return guest;
  };
  const itemsOf = async (caller: ReturnType<typeof newGuest>) =>
    (await carts.ask('getCart', {}, caller)).body.itemCount;

  const codeOf = (error: { code: string }): string => error.code;
  const expectClosed = async (guestId: string): Promise<void> => {
    const rows = await carts.rows('SELECT status FROM carts WHERE customer_id = $1', [guestId]);
    expect(rows).toEqual([{ status: 'closed' }]);
  };

  it("adds the guest's lines to the customer's and closes the guest's cart for good", async () => {
    const [guest, customer] = [await aGuestWithMugs(), newCustomer()];
    await carts.ask('addItem', { sku: 'LAMP' }, customer);
    const joined = await carts.ask('joinGuestCart', { guestId: guest.customerId }, customer);
    expect(joined).toEqual({ ok: true, body: { merged: 1 } });
    const { lines } = (await carts.ask('getCart', {}, customer)).body;
    expect(lines.map(({ sku, quantity }) => [sku, quantity])).toEqual([
      ['LAMP', 1],
      ['MUG', 2],
    ]);
    for (const [operation, input] of [
      ['addItem', { sku: 'LAMP' }],
      ['changeItem', { sku: 'MUG', quantity: 1 }],
      ['removeItem', { sku: 'MUG' }],
    ] as const) {
      expect((await carts.ask(operation, input, guest)).body.code).toBe('CART_CLOSED');
    }
    const published = await carts.events(guest.customerId, 2);
    expect(published.map(({ data }) => data.change)).toEqual(['added', 'closed']);
    expect(published.at(-1)?.data.lines).toEqual([{ sku: 'MUG', quantity: 2 }]);
  });

  it('merges once, whatever comes again', async () => {
    const [guest, customer, id] = [await aGuestWithMugs(), newCustomer(), newId()];
    const join = (commandId?: string) =>
      carts.ask('joinGuestCart', { guestId: guest.customerId }, customer, commandId ? { id: commandId } : {});
    const together = await Promise.all([join(id), join(id), join(), join()]);
    expect(together.every(({ ok }) => ok)).toBe(true);
    await join(id);
    await join();
    expect(await itemsOf(customer)).toBe(2);
  });

  it('gives nothing to a second customer who signs in with the same guest', async () => {
    const [guest, first, second] = [await aGuestWithMugs(), newCustomer(), newCustomer()];
    await carts.ask('joinGuestCart', { guestId: guest.customerId }, first);
    expect((await carts.ask('joinGuestCart', { guestId: guest.customerId }, second)).body.merged).toBe(0);
    expect([await itemsOf(first), await itemsOf(second)]).toEqual([2, 0]);
  });

  it('has nothing to do without a guest, for an empty cart, or for oneself', async () => {
    const customer = newCustomer();
    await carts.ask('addItem', { sku: 'LAMP' }, customer);
    for (const guestId of [null, newGuest().customerId, customer.customerId]) {
      expect((await carts.ask('joinGuestCart', { guestId }, customer)).body.merged).toBe(0);
    }
    expect((await carts.ask('addItem', { sku: 'LAMP' }, customer)).body.itemCount).toBe(2);
  });

  it("closes the cart of a guest who had none: another tab's later items would be lost from sight", async () => {
    const guest = newGuest();
    await carts.ask('joinGuestCart', { guestId: guest.customerId }, newCustomer());
    expect((await carts.ask('addItem', { sku: 'MUG' }, guest)).body.code).toBe('CART_CLOSED');
  });

  it.each(['the same sign-in', 'another sign-in'])(
    'killed between its steps, it is finished by %s',
    async (which) => {
      const [guest, customer, id] = [await aGuestWithMugs(3), newCustomer(), newId()];
      await carts.ask('addItem', { sku: 'LAMP' }, customer);
      const join = { id, budgetMs: 5_000 };
      let reply: Promise<unknown> = Promise.resolve();
      await carts.killWhileLocked(customer.customerId, async () => {
        reply = carts.ask('joinGuestCart', { guestId: guest.customerId }, customer, join).catch(codeOf);
        await eventually(() => expectClosed(guest.customerId));
      });
      // The budget is over before another clone gets the record: what died stays undone.
      expect(await reply).toBe('UNAVAILABLE');
      await carts.startClone();
      expect(await itemsOf(customer)).toBe(1);

      const again = which === 'the same sign-in' ? { id } : {};
      const joined = await carts.ask('joinGuestCart', { guestId: guest.customerId }, customer, again);
      expect(joined.body).toEqual({ merged: 1 });
      expect(await itemsOf(customer)).toBe(4);
    },
    60_000,
  );
});
