import { measure, report, type Step } from './load.js';
import { startStack, type Stack } from './stack.js';

const ITEMS_PER_CART = 5;

export interface Guest {
  readonly token: string;
  /** The number of items that were put into this cart so far. */
  items: number;
}

export async function newGuest(url: string): Promise<Guest> {
  const { token } = (await (await fetch(`${url}/v1/guests`, { method: 'POST' })).json()) as { token: string };
  return { token, items: 0 };
}

/** SKUs that the cart's own copy of the catalog sells. */
export async function skusOf(stack: Stack): Promise<string[]> {
  const list = (await (await fetch(`${stack.url}/v1/products?limit=50`)).json()) as {
    items: { available: boolean; skus: string[] }[];
  };
  return list.items.filter(({ available }) => available).flatMap(({ skus }) => skus.slice(0, 1));
}

/**
 * Puts items into carts, durably: each connection adds five different products to a guest's cart, then goes on with its
 * next fresh cart. The item count of each response is checked against the number of items put into that cart.
 */
export async function benchCart({ connections, requests }: { connections: number; requests: number }): Promise<void> {
  const stack = await startStack();
  try {
    const skus = (await skusOf(stack)).slice(0, ITEMS_PER_CART);
    if (skus.length < ITEMS_PER_CART)
      throw new Error(`the sample catalog sells ${skus.length} products: too few to measure with`);
    const run = async (amount: number, shoppers: number) => {
      const cartsEach = Math.ceil(amount / shoppers / ITEMS_PER_CART) + 2;
      const guests: Guest[][] = [];
      for (let n = 0; n < shoppers; n++) {
        guests.push(await Promise.all(Array.from({ length: cartsEach }, () => newGuest(stack.url))));
      }
      const sent = Array.from({ length: shoppers }, () => 0);
      const next = (connection: number): Step => addStep(guests[connection] ?? [], sent, connection, skus);
      return measure({ url: stack.url, connections: shoppers, amount: { requests: amount }, next }, stack.roles);
    };
    // As a shop's day begins: code that has not run yet is slow, and refuses what all connections at once ask of it.
    await run(Math.ceil(requests / 6), Math.ceil(connections / 4));
    await run(Math.ceil(requests / 6), connections);
    const figures = await run(requests, connections);
    report('Add to cart, durable, through HAProxy, gateway, Kafka, cart and Postgres', figures);
    if (figures.errors > 0) process.exitCode = 1;
  } finally {
    await stack.stop();
  }
}

function addStep(carts: readonly Guest[], sent: number[], connection: number, skus: readonly string[]): Step {
  const n = sent[connection] ?? 0;
  sent[connection] = n + 1;
  const guest = carts[Math.floor(n / ITEMS_PER_CART) % carts.length];
  if (!guest) throw new Error('no cart is left for this connection');
  return {
    method: 'POST',
    path: '/v1/cart/items',
    headers: { authorization: `Bearer ${guest.token}` },
    body: JSON.stringify({ sku: skus[n % ITEMS_PER_CART], quantity: 1 }),
    check: (status, body) => {
      guest.items += 1;
      const { itemCount } = (status === 201 ? JSON.parse(body) : {}) as { itemCount?: number };
      return itemCount === guest.items
        ? undefined
        : `expected ${guest.items} items, got ${status} ${body.slice(0, 200)}`;
    },
  };
}
