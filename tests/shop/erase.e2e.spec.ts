import { randomUUID } from 'node:crypto';
import { eventually } from '@stoa/testing';
import {
  addItem,
  expectStatus,
  get,
  newGuest,
  newProduct,
  operatorToken,
  PASSWORD,
  post,
  type ShopResponse,
} from '../support/shop.js';

/** A sign-in, with a guest's token to bring the guest's cart along. */
const signIn = (email: string, guest?: string): Promise<ShopResponse> =>
  post('/v1/sessions', { email, password: PASSWORD }, guest ? { token: guest } : undefined);

const register = (email: string): Promise<ShopResponse> =>
  post('/v1/customers', { email, password: PASSWORD, displayName: 'Ida', username: usernameOf(email) });
const usernameOf = (email: string): string => email.slice(0, 20).replaceAll('-', '.');

describe('a customer who has their account erased', () => {
  it('is gone everywhere, and whoever takes the address next finds nothing of theirs', async () => {
    const operator = await operatorToken();
    const { skus } = await newProduct(operator, [1200]);
    const guest = await newGuest();
    await addItem(skus[0] ?? '', 3, guest);
    const email = `ida-${randomUUID()}@example.com`;
    const { customerId } = expectStatus(await register(email), 201).body;
    const { accessToken: token, refreshToken } = expectStatus(await signIn(email, guest), 201).body;
    const elsewhere = expectStatus(await signIn(email), 201).body;
    expect(expectStatus(await get('/v1/cart', { token }), 200).body.itemCount).toBe(3);

    const wrong = await post('/v1/me/erasure', { currentPassword: 'not the password' }, { token });
    expect(expectStatus(wrong, 403).body.code).toBe('WRONG_CREDENTIALS');
    const headers = { 'idempotency-key': randomUUID() };
    const erase = (): Promise<ShopResponse> =>
      post('/v1/me/erasure', { currentPassword: PASSWORD }, { token, headers });
    expectStatus(await erase(), 204);
    const erased = performance.now();
    // As long as the token is taken, a retry gets the same answer.
    expect([204, 401]).toContain((await erase()).status);

    for (const name of [email, usernameOf(email)]) {
      expect(expectStatus(await signIn(name), 401).body.code).toBe('WRONG_CREDENTIALS');
    }
    // Several times, since either clone of the gateway may answer.
    await eventually(async () => {
      for (const each of [token, token, elsewhere.accessToken, elsewhere.accessToken]) {
        expectStatus(await get('/v1/me', { token: each }), 401);
      }
    });
    process.stdout.write(`  erase: tokens refused ${Math.round(performance.now() - erased)} ms after the response\n`);
    for (const each of [refreshToken, elsewhere.refreshToken]) {
      expectStatus(await post('/v1/sessions/refresh', { refreshToken: each }), 401);
    }
    const listed = await get(`/v1/customers?sort=email&prefix=${encodeURIComponent(email)}`, { token: operator });
    expect(JSON.parse(listed.text)).toMatchObject({ items: [] });

    // Both names come free in a moment, for somebody else.
    const next = await eventually(async () => expectStatus(await register(email), 201));
    expect(next.body.customerId).not.toBe(customerId);
    const theirs = expectStatus(await signIn(usernameOf(email)), 201).body;
    expect(theirs.customerId).toBe(next.body.customerId);
    const cart = expectStatus(await get('/v1/cart', { token: theirs.accessToken }), 200).body;
    expect(cart).toMatchObject({ customerId: next.body.customerId, itemCount: 0, version: 0 });
    expectStatus(await addItem(skus[0] ?? '', 1, theirs.accessToken), 201);
  });
});
