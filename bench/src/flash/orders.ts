import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { pause } from '@stoa/timing';
import { newGuest } from '../cart.js';
import type { Stack } from '../stack.js';
import type { Try } from './buyers.js';

/** Guests who put a piece into their cart and check out side by side: that is before the sale. */
const PREPARED_SIDE_BY_SIDE = 32;
const AGAIN_MS = 500;
/** So many times is somebody asked to come again at most. */
const MOST_TRIES = 60;

/** A guest who has checked out, and is about to press. */
interface Guest {
  readonly token: string;
  readonly checkoutId: string;
}

interface Response {
  readonly status: number;
  readonly body: { readonly code?: string; readonly status?: string; readonly checkoutId?: string };
}

/** OrderBuyers exist to buy one piece each as shoppers do: by a guest's cart, checkout and order, over HTTP. */
export class OrderBuyers {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: Infinity, scheduling: 'lifo' });
  private guests: Guest[] = [];

  constructor(private readonly stack: Pick<Stack, 'url'>) {}

  /** Brings so many guests to the last step before they buy. */
  async prepare(sku: string, buyers: number): Promise<void> {
    let left = buyers;
    const prepareSome = async (): Promise<void> => {
      while (left-- > 0) this.guests.push(await this.prepareOne(sku));
    };
    await Promise.all(Array.from({ length: PREPARED_SIDE_BY_SIDE }, prepareSome));
  }

  private async prepareOne(sku: string): Promise<Guest> {
    const { token } = await newGuest(this.stack.url);
    await this.surely('/v1/cart/items', { sku, quantity: 1 }, token, 201);
    const email = `${randomUUID()}@example.org`;
    const { body } = await this.surely('/v1/checkouts', { email }, token, 201);
    if (body.checkoutId === undefined) throw new Error('a checkout without an id');
    return { token, checkoutId: body.checkoutId };
  }

  /** Lets all press at once. Who is asked to come again does, with the same key, until there is an order or none. */
  pressAll(): Promise<Try[]> {
    return Promise.all(this.guests.map((guest) => this.press(guest)));
  }

  private async press({ token, checkoutId }: Guest): Promise<Try> {
    const started = performance.now();
    const payment = { provider: 'card', token: 'pm_card_visa' };
    const { status, body } = await this.decided('/v1/orders', { checkoutId, payment }, token);
    const code = status === 201 ? `order ${body.status}` : (body.code ?? String(status));
    return { code, ms: performance.now() - started };
  }

  close(): void {
    this.agent.destroy();
  }

  private async surely(path: string, body: object, token: string, status: number): Promise<Response> {
    // A product that was made a moment ago takes a moment to reach the cart's own copy.
    for (let tries = 1; ; tries += 1) {
      const response = await this.decided(path, body, token);
      if (response.status === status) return response;
      if (tries > MOST_TRIES) throw new Error(`${path}: ${response.status} ${JSON.stringify(response.body)}`);
      await pause(AGAIN_MS);
    }
  }

  /** The first response that isn't "come again". */
  private async decided(path: string, body: object, token: string): Promise<Response> {
    const key = randomUUID();
    for (let tries = 1; ; tries += 1) {
      const response = await this.post(path, body, token, key);
      if (![0, 503, 504].includes(response.status) || tries > MOST_TRIES) return response;
      await pause(AGAIN_MS);
    }
  }

  private post(path: string, body: object, token: string, key: string): Promise<Response> {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    };
    const sent = request(this.stack.url + path, { method: 'POST', agent: this.agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => resolve({ status: 0, body: {} }));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, body: parsed(text) });
      });
    });
    sent.on('error', () => resolve({ status: 0, body: {} }));
    sent.end(JSON.stringify(body));
    return promise;
  }
}

/** HAProxy's own responses are no JSON. */
function parsed(text: string): Response['body'] {
  try {
    return JSON.parse(text) as Response['body'];
  } catch {
    return {};
  }
}
