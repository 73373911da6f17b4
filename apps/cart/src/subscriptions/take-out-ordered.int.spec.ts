import { eventually } from '@stoa/testing';
import { CartService, newCustomer } from '../../test/cart-service.js';

describe('a cart of which something was ordered', () => {
  let carts: CartService;

  beforeAll(async () => {
    carts = await CartService.start();
    await carts.startClone();
    await carts.offer({ PAN: { amount: 500 }, POT: { amount: 700 } });
  });
  afterAll(() => carts.stop());

  it('loses that once, and keeps what was put in meanwhile', async () => {
    const caller = newCustomer();
    await carts.ask('addItem', { sku: 'PAN', quantity: 2 }, caller);
    const ordered = [{ sku: 'PAN', quantity: 2 }];
    await carts.ask('addItem', { sku: 'POT', quantity: 1 }, caller);
    await carts.ask('addItem', { sku: 'PAN', quantity: 3 }, caller);
    await carts.order(caller.customerId, 1, ordered);
    await carts.order(caller.customerId, 1, ordered);
    await carts.order(caller.customerId, 2, [{ sku: 'POT', quantity: 1 }]);
    const lines = [{ sku: 'PAN', quantity: 3 }];
    await eventually(async () =>
      expect((await carts.ask('getCart', {}, caller)).body).toMatchObject({ version: 5, itemCount: 3, lines }),
    );
    const events = await carts.events(caller.customerId, 5);
    expect(events.at(-1)).toMatchObject({ version: 5, data: { change: 'removed', lines } });
  });

  it('stays as it is where it has nothing of that, or is somebody who never had one', async () => {
    const [caller, nobody] = [newCustomer(), newCustomer()];
    await carts.ask('addItem', { sku: 'PAN', quantity: 1 }, caller);
    for (const { customerId } of [caller, nobody]) await carts.order(customerId, 1, [{ sku: 'POT', quantity: 1 }]);
    await carts.order(caller.customerId, 2, [{ sku: 'PAN', quantity: 1 }]);
    await eventually(async () => expect((await carts.ask('getCart', {}, caller)).body.version).toBe(2));
    expect((await carts.ask('getCart', {}, nobody)).body.version).toBe(0);
  });
});
