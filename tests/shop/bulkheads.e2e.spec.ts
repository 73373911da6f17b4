import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { eventually, freeze, withinDeadline } from '@stoa/testing';
import { oneOnEachShard } from '../support/each-shard.js';
import {
  addItem,
  expectStatus,
  get,
  isStale,
  newCustomer,
  newProduct,
  operatorToken,
  PASSWORD,
  post,
  send,
} from '../support/shop.js';
import { clonesOf, processes, type Process } from '../support/stack.js';

/** Sessions that were given up meanwhile take a moment to come back. */
const BACK_MS = 30_000;

/** Lets processes stand still while something is tried: they are there, and answer nothing. */
async function whileFrozen(victims: readonly Process[], work: () => Promise<void>): Promise<void> {
  expect(victims.length).toBeGreaterThan(0);
  try {
    await Promise.all(victims.map(freeze));
    await work();
  } finally {
    victims.forEach(({ pid }) => process.kill(pid, 'SIGCONT'));
  }
}

/** A Postgres server with the processes of its sessions: itself first, so that it makes no more. */
const whileServerFrozen = (server: Process, work: () => Promise<void>): Promise<void> =>
  whileFrozen([server], async () => {
    const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim().split(' ');
    try {
      for (const child of children) process.kill(Number(child), 'SIGSTOP');
      await work();
    } finally {
      for (const child of children) process.kill(Number(child), 'SIGCONT');
    }
  });

const named = async (name: string): Promise<Process[]> => (await processes()).filter((each) => each.name === name);

/** 503 when the budget is over, long before a client gives up, and when to come again. */
const expectUnavailable = async (...request: Parameters<typeof send>): Promise<void> => {
  const response = await withinDeadline(20_000, async () => expectStatus(await send(...request), 503));
  expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
};

/** A cached response in place of one that can't be had, marked as stale. */
const expectStale = async (path: string): Promise<void> =>
  eventually(async () => {
    const response = expectStatus(await send('GET', path), 200);
    expect(isStale(response)).toBe(true);
    expect(Number(response.headers.get('age'))).toBeGreaterThan(0);
  });

describe('what one part can not do, the others still can', () => {
  let path: string;
  let sku: string;
  let shopper: { token: string; email: string };

  const add = () => post('/v1/cart/items', { sku, quantity: 1 }, { token: shopper.token });
  const search = () => `/v1/products?limit=1&q=${randomUUID()}`;

  beforeAll(async () => {
    const product = await newProduct(await operatorToken());
    [sku = ''] = product.skus;
    path = `/v1/products/${product.handle}`;
    shopper = await newCustomer();
    await addItem(sku, 1, shopper.token);
  });
  // Both clones of the gateway know it.
  beforeEach(async () => {
    for (let n = 0; n < 8; n++) expectStatus(await get(path), 200);
  });
  afterEach(async () => {
    await eventually(
      async () => {
        expectStatus(await add(), 201);
        expectStatus(await get(search()), 200);
        expectStatus(await get('/v1/me', { token: shopper.token }), 200);
      },
      { timeoutMs: BACK_MS },
    );
  }, BACK_MS * 2);

  it('without the catalog carts are filled, and what was looked at before is shown as stale', async () => {
    await whileFrozen(await clonesOf('catalog'), async () => {
      expectStatus(await add(), 201);
      await expectStale(path);
      await expectUnavailable('GET', search());
      expectStatus(await get('/v1/me', { token: shopper.token }), 200);
    });
  });

  it('without the cart one looks around, and signs in', async () => {
    await whileFrozen(await clonesOf('cart'), async () => {
      const unavailable = expectUnavailable('GET', '/v1/cart', undefined, { token: shopper.token });
      expectStatus(await get(search()), 200);
      expectStatus(await post('/v1/sessions', { email: shopper.email, password: PASSWORD }), 201);
      await unavailable;
    });
  });

  it('without one shard the customers of the other are served as ever, and its own are refused with when to come again', async () => {
    const [well, troubled] = await oneOnEachShard(sku);
    const [server] = await named('postgres-shard2');
    if (!server) throw new Error('there is no postgres-shard2');
    await whileServerFrozen(server, async () => {
      const item = { sku, quantity: 1 };
      const refused = Array.from({ length: 40 }, () =>
        expectUnavailable('POST', '/v1/cart/items', item, { token: troubled.token }),
      );
      for (let n = 0; n < 10; n++) {
        expectStatus(await post('/v1/cart/items', item, { token: well.token }), 201);
        expectStatus(await get('/v1/cart', { token: well.token }), 200);
        expectStatus(await get('/v1/me', { token: well.token }), 200);
      }
      await Promise.all(refused);
      await expectUnavailable('GET', '/v1/cart', undefined, { token: troubled.token });
      await expectUnavailable('GET', '/v1/me', undefined, { token: troubled.token });
    });
    await eventually(async () => expectStatus(await get('/v1/cart', { token: troubled.token }), 200), {
      timeoutMs: BACK_MS,
    });
  });

  it('without Redis everything works', async () => {
    await whileFrozen(await named('redis'), async () => {
      expectStatus(await get(path), 200);
      expectStatus(await get(search()), 200);
      expectStatus(await add(), 201);
    });
  });

  it('without Kafka, what was read before is shown as stale, and the rest gets Retry-After', async () => {
    const brokers = (await processes()).filter(({ kind }) => kind === 'kafka');
    await whileFrozen(brokers, async () => {
      const item = { sku, quantity: 1 };
      const unavailable = expectUnavailable('POST', '/v1/cart/items', item, { token: shopper.token });
      await expectStale(path);
      await unavailable;
      await expectUnavailable('GET', search());
    });
  });
});
