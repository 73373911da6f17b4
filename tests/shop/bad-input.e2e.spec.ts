import { randomUUID } from 'node:crypto';
import {
  addItem,
  expectStatus,
  get,
  newCustomer,
  newGuest,
  newProduct,
  operatorToken,
  patch,
  post,
  put,
  send,
} from '../support/shop.js';

const pointers = (response: { body: { errors: readonly { pointer: string }[] } }): string[] =>
  response.body.errors.map(({ pointer }) => pointer);

/** An unsigned token in the place of a signed one. */
const unsignedToken = (claims: object): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`;
};

describe('bad input gets a clear error, and nothing happens', () => {
  it.each([0, -1, 1e9, 1.5, '2', null])('refuses the quantity %p', async (quantity) => {
    const guest = await newGuest();
    const response = expectStatus(await post('/v1/cart/items', { sku: 'ANY', quantity }, { token: guest }), 400);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(response.body.code).toBe('INVALID_INPUT');
    expect(pointers(response)).toEqual(['/quantity']);
  });

  it('names an unknown field', async () => {
    const response = await post(
      '/v1/cart/items',
      { sku: 'ANY', quantity: 1, colour: 'red' },
      { token: await newGuest() },
    );
    expectStatus(response, 400);
    expect(pointers(response)).toEqual(['/colour']);
  });

  it('names an unknown query parameter and one of the wrong type', async () => {
    expect(pointers(expectStatus(await get('/v1/products?colour=red'), 400))).toEqual(['/colour']);
    expect(pointers(expectStatus(await get('/v1/products?limit=many'), 400))).toEqual(['/limit']);
    expect(pointers(expectStatus(await get('/v1/products?limit=1000'), 400))).toEqual(['/limit']);
  });

  it('refuses broken JSON, another media type and a body that is too large', async () => {
    const token = await newGuest();
    expectStatus(await post('/v1/cart/items', '{"sku": "A", ', { token }), 400);
    expectStatus(
      await send('POST', '/v1/cart/items', 'sku=A', { token, headers: { 'content-type': 'text/plain' } }),
      415,
    );
    expectStatus(await post('/v1/cart/items', { sku: 'A'.repeat(2_000_000), quantity: 1 }, { token }), 413);
    expectStatus(await post('/v1/cart/items', '[]', { token }), 400);
  });

  it('refuses a damaged cursor', async () => {
    expect(expectStatus(await get('/v1/products?cursor=nonsense'), 400).body.code).toBe('BAD_CURSOR');
    // No database has a year 0.
    const place = ['0000-01-01T00:00:00.000000Z', '00000000-0000-7000-8000-000000000000'];
    const cursor = Buffer.from(JSON.stringify(place)).toString('base64url');
    expect((await get(`/v1/orders?cursor=${cursor}`)).status).toBeLessThan(500);
  });

  it('answers 404 for what is not there and 405 for what cannot be done to it', async () => {
    expectStatus(await get('/v1/nothing'), 404);
    expectStatus(await get('/v1/products/never-heard-of'), 404);
    const response = expectStatus(await send('PUT', '/v1/cart', {}), 405);
    expect(response.headers.get('allow')).toContain('GET');
  });

  it('refuses a SKU that is not sold', async () => {
    const response = await post(
      '/v1/cart/items',
      { sku: `NO-${randomUUID()}`, quantity: 1 },
      { token: await newGuest() },
    );
    expect(expectStatus(response, 404).body.code).toBe('UNKNOWN_SKU');
  });

  it('refuses tokens that are forged, unsigned, damaged or of another kind', async () => {
    const { token } = await newCustomer();
    const [head = '', claims = '', signature = ''] = token.split('.');
    const forged = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), sub: randomUUID() }),
    );
    const tokens = [
      `${head}.${forged.toString('base64url')}.${signature}`,
      unsignedToken(JSON.parse(Buffer.from(claims, 'base64url').toString()) as object),
      'nonsense',
      token.slice(0, -4),
    ];
    for (const bad of tokens) expectStatus(await get('/v1/me', { token: bad }), 401);
    expectStatus(await get('/v1/me'), 401);
    expectStatus(await get('/v1/me', { token: await newGuest() }), 401);
    expectStatus(await post('/v1/products', {}, { token }), 403);
  });

  it('keeps what is a customer’s from every other customer', async () => {
    const operator = await operatorToken();
    const { skus } = await newProduct(operator);
    const [sku = ''] = skus;
    const owner = await newCustomer();
    const stranger = await newCustomer();
    await addItem(sku, 1, owner.token);
    expectStatus(await patch(`/v1/cart/items/${sku}`, { quantity: 2 }, { token: stranger.token }), 404);
    expect(expectStatus(await get('/v1/cart', { token: stranger.token }), 200).body.itemCount).toBe(0);
  });

  it('responds to a repeated Idempotency-Key with the first response, and to another body under it with 409', async () => {
    const { skus } = await newProduct(await operatorToken());
    const [sku = ''] = skus;
    const { token } = await newCustomer();
    await addItem(sku, 1, token);
    const options = { token, headers: { 'idempotency-key': randomUUID() } };
    const first = expectStatus(await post('/v1/cart/items', { sku, quantity: 2 }, options), 201);
    const again = expectStatus(await post('/v1/cart/items', { sku, quantity: 2 }, options), 201);
    expect(again.body).toEqual(first.body);
    expect(again.body.itemCount).toBe(3);
    const other = expectStatus(await post('/v1/cart/items', { sku, quantity: 3 }, options), 409);
    expect(other.body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(expectStatus(await get('/v1/cart', { token }), 200).body.itemCount).toBe(3);
  });

  it('refuses a stale If-Match and changes nothing', async () => {
    const { skus } = await newProduct(await operatorToken());
    const [sku = ''] = skus;
    const { token } = await newCustomer();
    const before = await addItem(sku, 1, token);
    await addItem(sku, 1, token);
    const headers = { 'if-match': before.headers.get('etag') ?? '' };
    expectStatus(await patch(`/v1/cart/items/${sku}`, { quantity: 9 }, { token, headers }), 412);
    expect(expectStatus(await get('/v1/cart', { token }), 200).body.itemCount).toBe(2);
  });

  it('lets one of four registrations of an e-mail address win, and says so to nobody', async () => {
    const email = `race-${randomUUID()}@example.com`;
    const tries = ['a', 'b', 'c', 'd'].map((name) =>
      post('/v1/customers', {
        email: name > 'b' ? email.toUpperCase() : email,
        password: 'correct horse battery',
        displayName: name,
      }),
    );
    const registered = await Promise.all(tries);
    expect(registered.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    const signedIn = await post('/v1/sessions', { email, password: 'correct horse battery' });
    const winners = registered.filter(({ body }) => body.customerId === signedIn.body.customerId);
    expect(winners).toHaveLength(1);
  });

  it('locks an account out after wrong passwords, on every clone', async () => {
    const { email } = await newCustomer();
    const statuses: number[] = [];
    for (let n = 0; n < 12 && statuses.at(-1) !== 429; n++) {
      statuses.push((await post('/v1/sessions', { email, password: 'a wrong password' })).status);
    }
    expect(statuses.at(0)).toBe(401);
    const locked = expectStatus(await post('/v1/sessions', { email, password: 'correct horse battery' }), 429);
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('refuses prices and stock that make no sense', async () => {
    const operator = await operatorToken();
    const { skus } = await newProduct(operator);
    const [sku = ''] = skus;
    const price = { amount: -1, currency: 'USD' };
    expect(pointers(expectStatus(await put(`/v1/variants/${sku}/price`, { price }, { token: operator }), 400))).toEqual(
      ['/price/amount'],
    );
    const response = await post(`/v1/variants/${sku}/stock-adjustments`, { delta: -1000 }, { token: operator });
    expect(expectStatus(response, 409).body.code).toBe('NOT_ENOUGH_STOCK');
  });
});
