import { newGuest, skusOf } from '../cart.js';
import type { Step } from '../load.js';
import type { Stack } from '../stack.js';

/** So many that their commands, one after the other for each, are no bound. */
const GUESTS = 400;
const SKUS = 5;

/** A guest, and the outcomes of the items that were put into the cart. */
interface Account {
  readonly token: string;
  accepted: number;
  /** Neither accepted nor refused for sure: under way, given up, or cut off. */
  unknown: number;
}

/** The gateway says so before it sends anything on, HAProxy before a gateway gets it: nothing was done. */
const isRefused = (status: number, body: string): boolean =>
  status === 429 || (status === 503 && /"code":"OVERLOADED"|No clone of the gateway/.test(body));

/**
 * The load on the shop: writes to guests' carts, with a count of those that were accepted, and reads of the catalog.
 */
export class Shop {
  private turn = 0;

  private constructor(
    private readonly url: string,
    private readonly accounts: readonly Account[],
    private readonly skus: readonly string[],
    private readonly productPath: string,
  ) {}

  static async open(stack: Stack): Promise<Shop> {
    const skus = (await skusOf(stack)).slice(0, SKUS);
    const accounts: Account[] = [];
    while (accounts.length < GUESTS) {
      const { token } = await newGuest(stack.url);
      accounts.push({ token, accepted: 0, unknown: 0 });
    }
    const response = await fetch(`${stack.url}/v1/products?limit=1`);
    const { items } = (await response.json()) as { items: { handle: string }[] };
    return new Shop(stack.url, accounts, skus, `/v1/products/${items[0]?.handle}`);
  }

  /** The next guest puts an item into the cart. */
  readonly add = (): Step => {
    const n = this.turn++;
    const account = this.accounts[n % this.accounts.length];
    if (!account) throw new Error('there are no guests');
    account.unknown += 1;
    return {
      method: 'POST',
      path: '/v1/cart/items',
      headers: { authorization: `Bearer ${account.token}` },
      body: JSON.stringify({ sku: this.skus[n % this.skus.length], quantity: 1 }),
      check: (status, body) => {
        if (status === 201) account.accepted += 1;
        if (status === 201 || isRefused(status, body)) account.unknown -= 1;
        return status === 201 ? undefined : `${status} ${body.slice(0, 200)}`;
      },
    };
  };

  /** Somebody reads for a product that was never there: a small question that no cache can answer. */
  readonly read = (): Step => ({
    method: 'GET',
    path: `/v1/products/never-sold-${this.turn++}`,
    check: (status, body) => (status === 404 ? undefined : `${status} ${body.slice(0, 200)}`),
  });

  /** A product that is in every cache. */
  readonly cached = (): Step => ({
    method: 'GET',
    path: this.productPath,
    check: (status, body) => (status === 200 ? undefined : `${status} ${body.slice(0, 200)}`),
  });

  /** Each cart holds what was accepted, and nothing beyond that but what was left open. */
  async isAsAcknowledged(): Promise<boolean> {
    let [accepted, held, unknown, wrong] = [0, 0, 0, 0];
    for (const account of this.accounts) {
      const headers = { authorization: `Bearer ${account.token}` };
      const response = await fetch(`${this.url}/v1/cart`, { headers });
      const { itemCount = -1 } = (await response.json()) as { itemCount?: number };
      accepted += account.accepted;
      unknown += account.unknown;
      held += itemCount;
      if (itemCount < account.accepted || itemCount > account.accepted + account.unknown) wrong += 1;
    }
    console.log(`\nCarts: ${accepted} items accepted, ${held} held, ${unknown} left open; ${wrong} carts are wrong`);
    return wrong === 0;
  }
}
