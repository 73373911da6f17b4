import {
  addItem,
  del,
  expectStatus,
  get,
  newGuest,
  newProduct,
  operatorToken,
  PASSWORD,
  patch,
  post,
} from '../support/shop.js';
import { randomUUID } from 'node:crypto';

describe("a shopper's journey, through the load balancer", () => {
  it('browses, fills a cart as a guest, registers, signs in and finds the cart there', async () => {
    const operator = await operatorToken();
    const { handle, skus } = await newProduct(operator, [1200, 1500]);
    const [small = '', large = ''] = skus;
    const product = expectStatus(await get(`/v1/products/${handle}`), 200);
    expect(product.body.variants.map((variant) => variant.price.amount)).toEqual([1200, 1500]);

    const guest = await newGuest();
    await addItem(small, 2, guest);
    const filled = await addItem(large, 1, guest);
    expect(filled.body).toMatchObject({ itemCount: 3, total: { amount: 3900, currency: 'USD' } });

    const email = `grace-${randomUUID()}@example.com`;
    const registered = await post(
      '/v1/customers',
      { email, password: PASSWORD, displayName: 'Grace' },
      { token: guest },
    );
    expectStatus(registered, 201);
    const session = expectStatus(await post('/v1/sessions', { email, password: PASSWORD }, { token: guest }), 201);
    const token = session.body.accessToken;
    const cart = expectStatus(await get('/v1/cart', { token }), 200);
    expect(cart.body).toMatchObject({ customerId: registered.body.customerId, itemCount: 3 });

    const changed = await patch(`/v1/cart/items/${small}`, { quantity: 5 }, { token });
    expect(expectStatus(changed, 200).body.itemCount).toBe(6);
    const left = expectStatus(await del(`/v1/cart/items/${large}`, { token }), 200);
    expect(left.body).toMatchObject({ itemCount: 5, total: { amount: 6000, currency: 'USD' } });
    expect(expectStatus(await get('/v1/cart', { token }), 200).body).toEqual(left.body);

    // The guest's cart is closed for good: what was merged can't be merged again.
    expectStatus(await post('/v1/cart/items', { sku: small, quantity: 1 }, { token: guest }), 409);
  });

  it('reads and changes a profile under If-Match', async () => {
    const email = `lin-${randomUUID()}@example.com`;
    expectStatus(await post('/v1/customers', { email, password: PASSWORD, displayName: 'Lin' }), 201);
    const { accessToken: token } = expectStatus(await post('/v1/sessions', { email, password: PASSWORD }), 201).body;
    const me = expectStatus(await get('/v1/me', { token }), 200);
    expect(me.body).toMatchObject({ email, displayName: 'Lin', version: 1 });
    const etag = me.headers.get('etag') ?? '';
    const changed = await patch(
      '/v1/me',
      { displayName: 'Lin Y', locale: 'de-CH' },
      { token, headers: { 'if-match': etag } },
    );
    expect(expectStatus(changed, 200).body).toMatchObject({ displayName: 'Lin Y', locale: 'de-CH', version: 2 });
    const stale = await patch('/v1/me', { displayName: 'Lost' }, { token, headers: { 'if-match': etag } });
    expect(expectStatus(stale, 412).body.code).toBe('STALE_VERSION');
    expectStatus(await get('/v1/me', { token, headers: { 'if-none-match': changed.headers.get('etag') ?? '' } }), 304);
  });

  it('refreshes a session, takes a repeated refresh for a lost answer, and ends it at sign-out', async () => {
    const email = `mae-${randomUUID()}@example.com`;
    expectStatus(await post('/v1/customers', { email, password: PASSWORD, displayName: 'Mae' }), 201);
    const first = expectStatus(await post('/v1/sessions', { email, password: PASSWORD }), 201).body;
    const second = expectStatus(await post('/v1/sessions/refresh', { refreshToken: first.refreshToken }), 201).body;
    const again = expectStatus(await post('/v1/sessions/refresh', { refreshToken: first.refreshToken }), 201).body;
    expect(again.refreshToken).toBe(second.refreshToken);
    const third = expectStatus(await post('/v1/sessions/refresh', { refreshToken: second.refreshToken }), 201).body;
    expectStatus(await get('/v1/me', { token: third.accessToken }), 200);
    // The successor was used: whoever still sends the first token is not its owner. The whole family ends.
    expectStatus(await post('/v1/sessions/refresh', { refreshToken: first.refreshToken }), 401);
    expectStatus(await post('/v1/sessions/refresh', { refreshToken: third.refreshToken }), 401);
  });
});
