import { randomUUID } from 'node:crypto';
import { eventually } from '@stoa/testing';
import { addItem, expectStatus, get, newGuest, newProduct, operatorToken, patch, post, put } from '../support/shop.js';

interface Order {
  readonly orderId: string;
  readonly number: string;
  readonly status: string;
  readonly paymentStatus: string;
  readonly cancelReason: string | null;
  readonly total: { readonly amount: number };
  readonly captured: { readonly amount: number };
  readonly refunded: { readonly amount: number };
  readonly attempts: readonly { readonly status: string; readonly action: { readonly url: string } | null }[];
}
interface Checkout {
  readonly checkoutId: string;
  readonly quote: { readonly total: number };
}

const CARD = { provider: 'card', token: 'pm_card_visa' };
const parsed = <T>({ text }: { readonly text: string }): T => JSON.parse(text) as T;

/** A guest with one product in the cart, checked out for a pickup. */
async function atCheckout(price = 1200, quantity = 2) {
  const operator = await operatorToken();
  const { skus } = await newProduct(operator, [price]);
  const sku = skus[0]!;
  const token = await newGuest();
  await addItem(sku, quantity, token);
  const checkout = await eventually(async () => {
    // Order's own copy of the catalog may come a moment after the cart's.
    const body = parsed<Checkout & { quote: { problems: unknown[] } }>(
      expectStatus(await post('/v1/checkouts', { email: 'ada@example.com', shippingMethod: 'pickup' }, { token }), 201),
    );
    expect(body.quote.problems).toEqual([]);
    return body;
  });
  return { operator, token, sku, checkout };
}

const place = (token: string, { checkoutId }: Checkout, payment: object = CARD) =>
  post('/v1/orders', { checkoutId, payment }, { token });
const read = async (token: string, { orderId }: Order): Promise<Order> =>
  parsed(expectStatus(await get(`/v1/orders/${orderId}`, { token }), 200));
const until = (token: string, order: Order, wanted: Partial<Order>): Promise<Order> =>
  eventually(async () => {
    const now = await read(token, order);
    expect(now).toMatchObject(wanted);
    return now;
  });

describe('an order', () => {
  it('is placed once however often it is sent, is captured, and leaves the cart empty', async () => {
    const { token, checkout } = await atCheckout();
    const replies = await Promise.all([1, 2, 3].map(() => place(token, checkout)));
    const orders = replies.map((reply) => parsed<Order>(expectStatus(reply, 201)));
    expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(1);
    const captured = await until(token, orders[0]!, { status: 'placed', paymentStatus: 'captured' });
    expect(captured.captured.amount).toBe(checkout.quote.total);
    expect(captured.attempts).toHaveLength(1);
    await eventually(async () => {
      const cart = expectStatus(await get('/v1/cart', { token }), 200);
      expect(parsed<{ lines: unknown[] }>(cart).lines).toEqual([]);
    });
    const { items } = parsed<{ items: Order[] }>(expectStatus(await get('/v1/orders', { token }), 200));
    expect(items.map(({ number }) => number)).toEqual([captured.number]);
  });

  it('stays open when a card is declined, and is paid by another', async () => {
    const { token, checkout } = await atCheckout();
    const declined = { provider: 'card', token: 'pm_card_chargeDeclined' };
    const order = parsed<Order>(expectStatus(await place(token, checkout, declined), 201));
    expect(order).toMatchObject({ status: 'placing', paymentStatus: 'failed' });
    const again = await post(`/v1/orders/${order.orderId}/payments`, { payment: CARD }, { token });
    expect(parsed<Order>(expectStatus(again, 201)).status).toBe('placed');
    await until(token, order, { paymentStatus: 'captured' });
  });

  it('is placed when its shopper approves at the bank', async () => {
    const { token, checkout } = await atCheckout();
    const secure = { provider: 'card', token: 'pm_card_threeDSecure2Required' };
    const order = parsed<Order>(expectStatus(await place(token, checkout, secure), 201));
    expect(order).toMatchObject({ status: 'placing', paymentStatus: 'requires_action' });
    const body = new URLSearchParams({ decision: 'approve' });
    await fetch(order.attempts[0]!.action!.url, { method: 'POST', body, redirect: 'manual' });
    await until(token, order, { status: 'placed', paymentStatus: 'captured' });
  });

  it('that costs nothing is paid at once', async () => {
    const { token, checkout } = await atCheckout(0);
    const order = parsed<Order>(expectStatus(await place(token, checkout), 201));
    expect(order).toMatchObject({ status: 'placed', paymentStatus: 'captured', attempts: [] });
  });

  it('that is cancelled gives the money back', async () => {
    const { token, checkout } = await atCheckout();
    const order = parsed<Order>(expectStatus(await place(token, checkout), 201));
    const { captured } = await until(token, order, { paymentStatus: 'captured' });
    expectStatus(await post(`/v1/orders/${order.orderId}/cancellation`, {}, { token }), 200);
    const after = await until(token, order, { status: 'cancelled', paymentStatus: 'refunded' });
    expect(after.refunded).toEqual(captured);
  });

  it('that is cancelled before anybody paid takes nothing', async () => {
    const { token, checkout } = await atCheckout();
    const order = parsed<Order>(expectStatus(await place(token, checkout, { provider: 'card' }), 201));
    expect(order.attempts[0]!.action).not.toBeNull();
    expectStatus(await post(`/v1/orders/${order.orderId}/cancellation`, {}, { token }), 200);
    expect((await until(token, order, { status: 'cancelled', paymentStatus: 'voided' })).captured.amount).toBe(0);
  });
});

describe('an order is refused', () => {
  const codeOf = (reply: { readonly text: string }) => parsed<{ code: string; details?: { quote?: unknown } }>(reply);

  it('for a cart that changed, with the new quote', async () => {
    const { token, sku, checkout } = await atCheckout();
    await addItem(sku, 1, token);
    const refused = codeOf(expectStatus(await place(token, checkout), 409));
    expect(refused).toMatchObject({ code: 'CART_CHANGED', details: { quote: { goods: 3600 } } });
  });

  it('for a price that rose, until the shopper takes it over; one that fell is passed on', async () => {
    const { token, sku, checkout, operator } = await atCheckout();
    const price = (amount: number) =>
      put(`/v1/variants/${sku}/price`, { price: { amount, currency: 'USD' } }, { token: operator });
    expectStatus(await price(1500), 200);
    await eventually(async () => expect((await place(token, checkout)).status).toBe(409));
    expect(codeOf(await place(token, checkout))).toMatchObject({
      code: 'PRICE_ROSE',
      details: { quote: { goods: 3000 } },
    });
    const agreed = parsed<Checkout>(
      expectStatus(await patch(`/v1/checkouts/${checkout.checkoutId}`, {}, { token }), 200),
    );
    expectStatus(await price(1000), 200);
    await eventually(async () => {
      const seen = parsed<Checkout & { quote: { goods: number } }>(
        expectStatus(await post('/v1/checkouts', { shippingMethod: 'pickup' }, { token }), 201),
      );
      expect(seen.quote.goods).toBe(2000);
    });
    const order = parsed<Order>(expectStatus(await place(token, agreed), 201));
    expect(order.total.amount).toBeLessThan(agreed.quote.total);
  });

  it('for more than there is, before anything is paid', async () => {
    const { token, checkout } = await atCheckout(1200, 101);
    const refused = expectStatus(await place(token, checkout), 409);
    expect(codeOf(refused)).toMatchObject({
      code: 'INSUFFICIENT_STOCK',
      details: { lines: [{ wanted: 101, available: 100 }] },
    });
  });

  it('to whoever is not its shopper, as if there were none', async () => {
    const { token, checkout } = await atCheckout();
    const order = parsed<Order>(expectStatus(await place(token, checkout), 201));
    const stranger = { token: await newGuest() };
    for (const path of [`/v1/orders/${order.orderId}`, `/v1/checkouts/${checkout.checkoutId}`]) {
      expectStatus(await get(path, stranger), 404);
    }
    expectStatus(await place(stranger.token, checkout), 404);
    expectStatus(await post(`/v1/orders/${order.orderId}/cancellation`, {}, stranger), 404);
    expectStatus(await post(`/v1/orders/${order.orderId}/payments`, { payment: CARD }, stranger), 404);
    expectStatus(await get(`/v1/orders/${randomUUID()}`, { token }), 404);
  });

  it('without a shipping method, and a checkout with an address that lacks something', async () => {
    const { token, checkout } = await atCheckout();
    const path = `/v1/checkouts/${checkout.checkoutId}`;
    expectStatus(await patch(path, { shippingMethod: null }, { token }), 200);
    expect(codeOf(expectStatus(await place(token, checkout), 422)).code).toBe('NOT_ORDERABLE');
    const shippingAddress = { name: 'Ada', lines: ['1 Main St'], country: 'US' };
    expectStatus(await patch(path, { shippingAddress }, { token }), 400);
  });
});
