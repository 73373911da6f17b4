import { randomUUID } from 'node:crypto';
import { eventually } from '@stoa/testing';
import {
  addItem,
  del,
  expectStatus,
  get,
  isStale,
  newGuest,
  newProduct,
  operatorToken,
  PASSWORD,
  patch,
  post,
  put,
  type ShopResponse,
  type Options,
} from '../support/shop.js';
import { clonesOf, setClones } from '../support/stack.js';

/** Of the contract: so many attempts to sign in by one address in a minute. */
const SIGN_INS_A_MINUTE = 120;
/** Each cart, and each profile, is in the hands of the clone that will go with a chance of one in two. */
const MOST_SHOPPERS = 30;

interface Shopper {
  readonly email: string;
  token: string;
  readonly refreshToken: string;
}

type Send = (token: string) => Promise<ShopResponse>;

/** A write that can be sent again under its Idempotency-Key, and its first response. */
interface Write {
  readonly shopper: Shopper;
  readonly send: Send;
  readonly first: ShopResponse;
}

const cloneThatServed = ({ headers }: ShopResponse): string => headers.get('stoa-served-by')?.split('@')[0] ?? '';

const shardThatServed = ({ headers }: ShopResponse): string => headers.get('stoa-served-by')?.split('@')[1] ?? '';

describe('a shopper whose every request goes to another clone', () => {
  let urls: string[];
  let turn = 0;
  let removeClones: () => Promise<void>;
  let product: { handle: string; skus: string[] };
  let operator: string;

  /** The next clone of the gateway, by turns: no two requests in a row meet the same one. */
  const next = (more: Options = {}): Options => ({ ...more, url: urls[turn++ % urls.length] ?? '' });

  beforeAll(async () => {
    operator = await operatorToken();
    product = await newProduct(operator, [1200, 1500]);
    removeClones = await setClones({ cart: 2, profile: 2 });
    urls = (await clonesOf('gateway')).map(({ port }) => `http://127.0.0.1:${port}`);
    expect(urls.length).toBeGreaterThan(1);
    // The copies of the catalog on both shards know the product by then.
    const shards = new Set<string>();
    while (shards.size < 2) {
      const guest = await newGuest();
      for (const sku of product.skus) shards.add(shardThatServed(await addItem(sku, 1, guest)));
    }
  });
  afterAll(() => removeClones?.(), 60_000);

  /** A guest fills a cart, registers, signs in, and finds it in the account. */
  const arrive = async (): Promise<Shopper> => {
    const [sku = ''] = product.skus;
    const guest = expectStatus(await post('/v1/guests', undefined, next()), 201).body.token;
    expectStatus(await post('/v1/cart/items', { sku, quantity: 2 }, next({ token: guest })), 201);
    const email = `any-${randomUUID()}@example.com`;
    const account = { email, password: PASSWORD, displayName: 'Any' };
    expectStatus(await post('/v1/customers', account, next({ token: guest })), 201);
    const signedIn = await post('/v1/sessions', { email, password: PASSWORD }, next({ token: guest }));
    const { accessToken: token, refreshToken } = expectStatus(signedIn, 201).body;
    expect(expectStatus(await get('/v1/cart', next({ token })), 200).body.itemCount).toBe(2);
    expectStatus(await post('/v1/cart/items', { sku, quantity: 1 }, next({ token: guest })), 409);
    return { email, token, refreshToken };
  };

  it('shops, refreshes the session, changes the profile, and a write that is repeated is done once, by other clones too', async () => {
    const [, sku = ''] = product.skus;
    // A cart and a profile that the clones serve which will go; both services may have spread customers alike or not.
    let cart: Write | undefined;
    let profile: Write | undefined;
    for (let n = 0; n < MOST_SHOPPERS && !(cart && profile); n++) {
      const shopper = await arrive();
      const headers = { 'idempotency-key': randomUUID() };
      const add: Send = (token) => post('/v1/cart/items', { sku, quantity: 1 }, next({ token, headers }));
      const rename: Send = (token) =>
        patch('/v1/me', { displayName: 'Any One' }, next({ token, headers: { ...headers, 'if-match': '"1"' } }));
      const added = expectStatus(await add(shopper.token), 201);
      const renamed = expectStatus(await rename(shopper.token), 200);
      if (cloneThatServed(added) === 'cart-2') cart ??= { shopper, send: add, first: added };
      if (cloneThatServed(renamed) === 'profile-2') profile ??= { shopper, send: rename, first: renamed };
    }
    if (!cart || !profile) throw new Error(`of ${MOST_SHOPPERS} shoppers none was served by cart-2, or by profile-2`);
    for (const { shopper, send, first } of [cart, profile]) {
      const refresh = { refreshToken: shopper.refreshToken };
      shopper.token = expectStatus(await post('/v1/sessions/refresh', refresh, next()), 201).body.accessToken;
      expect((await send(shopper.token)).body).toEqual(first.body);
    }
    await removeClones();
    const cartAgain = await cart.send(cart.shopper.token);
    const profileAgain = await profile.send(profile.shopper.token);
    expect([cartAgain, profileAgain].map(cloneThatServed)).toEqual(['cart-1', 'profile-1']);
    expect([cartAgain.body, profileAgain.body]).toEqual([cart.first.body, profile.first.body]);
    const removed = await del(`/v1/cart/items/${product.skus[0]}`, next({ token: cart.shopper.token }));
    expect(expectStatus(removed, 200).body.itemCount).toBe(1);
    const me = await get('/v1/me', next({ token: profile.shopper.token }));
    expect(expectStatus(me, 200).body.version).toBe(2);
  });

  it('sees the new price of a product within a second, and no older one after that', async () => {
    const path = `/v1/products/${product.handle}`;
    for (const url of urls) expectStatus(await get(path, { url }), 200);
    const price = { price: { amount: 1300, currency: 'USD' } };
    expectStatus(await put(`/v1/variants/${product.skus[0]}/price`, price, next({ token: operator })), 200);
    const acknowledged = performance.now();
    for (let seen = 0; seen < urls.length * 2;) {
      const asked = performance.now();
      const response = expectStatus(await get(path, next()), 200);
      if (asked - acknowledged <= 1_000 || isStale(response)) continue;
      expect(response.body.variants[0]?.price.amount).toBe(1300);
      seen += 1;
    }
  });

  it('is held to one limit of calls by all clones together', async () => {
    const attempt = async (): Promise<void> => {
      // An address of the test's own, which a clone believes from this machine.
      const headers = { 'x-forwarded-for': `198.51.${Math.floor(Math.random() * 250)}.${hosts++}` };
      const signIn = () => post('/v1/sessions', {}, next({ headers }));
      for (let n = 0; n < SIGN_INS_A_MINUTE; n++) expectStatus(await signIn(), 400);
      for (const _ of urls) {
        const refused = expectStatus(await signIn(), 429);
        expect(refused.body.code).toBe('RATE_LIMITED');
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      }
    };
    let hosts = 1;
    // While Redis is frozen, each clone counts by itself.
    await eventually(attempt);
  });

  it('is locked out by all clones after five wrong passwords, whichever of them gets these', async () => {
    const { email } = await arrive();
    for (let n = 0; n < 5; n++)
      expectStatus(await post('/v1/sessions', { email, password: 'not this one' }, next()), 401);
    for (const _ of urls) {
      const refused = expectStatus(await post('/v1/sessions', { email, password: PASSWORD }, next()), 429);
      expect(refused.body.code).toBe('LOCKED_OUT');
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });
});
