import { randomUUID } from 'node:crypto';
import { eventually } from '@stoa/testing';

/** The fields of responses that tests read, as a stranger who knows the documentation expects them. */
export interface Body {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly token: string;
  readonly customerId: string;
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
  readonly version: number;
  readonly itemCount: number;
  readonly stock: number;
  readonly id: string;
  readonly status: string;
  readonly next: string | null;
  readonly items: readonly { readonly handle: string; readonly skus: readonly string[] }[];
  readonly lines: readonly {
    readonly sku: string;
    readonly quantity: number;
    readonly unitPrice: { readonly amount: number };
  }[];
  readonly variants: readonly { readonly sku: string; readonly price: { readonly amount: number } }[];
}

/** A response of the shop, its body parsed. */
export interface ShopResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly text: string;
}

export interface Options {
  readonly token?: string | undefined;
  readonly headers?: Record<string, string>;
  /** Another address than the load balancer's: one clone of the gateway. */
  readonly url?: string;
  /** How long to wait for the response; 30 s if not given. */
  readonly timeoutMs?: number;
}

export const shopUrl = (): string => {
  const url = process.env.STOA_TEST_URL;
  if (!url) throw new Error('STOA_TEST_URL is not set: run through `npm test`');
  return url;
};

/** Sends one request as a client outside would; a string body goes out as it is. */
export async function send(method: string, path: string, body?: unknown, options: Options = {}): Promise<ShopResponse> {
  const response = await fetch((options.url ?? shopUrl()) + path, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(options.timeoutMs ?? 30_000),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return {
    status: response.status,
    headers: response.headers,
    body: (isJson && text ? JSON.parse(text) : null) as Body,
    text,
  };
}

const TRY_AGAIN = new Set([502, 503, 504]);

/** As `send`, but a good client's: while the response says to try again it does, with the same Idempotency-Key. */
async function ask(method: string, path: string, body?: unknown, options: Options = {}): Promise<ShopResponse> {
  const headers = method === 'GET' ? options.headers : { 'idempotency-key': randomUUID(), ...options.headers };
  return eventually(async () => {
    const response = await send(method, path, body, { ...options, ...(headers && { headers }) });
    if (TRY_AGAIN.has(response.status))
      throw new Error(`${method} ${path}: ${response.status} ${response.text.slice(0, 500)}`);
    return response;
  });
}

export const get = (path: string, options?: Options): Promise<ShopResponse> => ask('GET', path, undefined, options);
export const post = (path: string, body?: unknown, options?: Options): Promise<ShopResponse> =>
  ask('POST', path, body, options);
export const patch = (path: string, body?: unknown, options?: Options): Promise<ShopResponse> =>
  ask('PATCH', path, body, options);
export const put = (path: string, body?: unknown, options?: Options): Promise<ShopResponse> =>
  ask('PUT', path, body, options);
export const del = (path: string, options?: Options): Promise<ShopResponse> => ask('DELETE', path, undefined, options);

/** Whether it is an old response in place of one that can't be had, and says so. */
export const isStale = ({ headers }: ShopResponse): boolean =>
  headers.get('cache-status')?.includes('detail=stale') ?? false;

/** Checks the status of a response. @throws Error that shows the response */
export function expectStatus(response: ShopResponse, status: number): ShopResponse {
  if (response.status !== status)
    throw new Error(`expected ${status}, got ${response.status}: ${response.text.slice(0, 500)}`);
  return response;
}

export const PASSWORD = 'correct horse battery';

/** A new customer who is signed in. */
export async function newCustomer(
  options?: Options,
): Promise<{ email: string; token: string; refreshToken: string; customerId: string }> {
  const email = `ada-${randomUUID()}@example.com`;
  expectStatus(await post('/v1/customers', { email, password: PASSWORD, displayName: 'Ada' }, options), 201);
  const { body } = expectStatus(await post('/v1/sessions', { email, password: PASSWORD }, options), 201);
  return { email, token: body.accessToken, refreshToken: body.refreshToken, customerId: body.customerId };
}

export async function operatorToken(): Promise<string> {
  const { STOA_OPERATOR_EMAIL: email, STOA_OPERATOR_PASSWORD: password } = process.env;
  return expectStatus(await post('/v1/sessions', { email, password }), 201).body.accessToken;
}

/** A new guest's token. */
export const newGuest = async (): Promise<string> => expectStatus(await post('/v1/guests'), 201).body.token;

/** A product that only this test knows, with one variant for each price. */
export async function newProduct(
  token: string,
  prices: readonly number[] = [1200],
): Promise<{ handle: string; skus: string[] }> {
  const id = randomUUID().slice(0, 13);
  const skus = prices.map((_, n) => `SKU-${id}-${n}`);
  const product = {
    handle: `mug-${id}`,
    title: `Mug ${id}`,
    category: 'Tests',
    optionNames: ['Size'],
    variants: prices.map((amount, n) => ({
      sku: skus[n],
      title: `Size ${n}`,
      options: [`Size ${n}`],
      price: { amount, currency: 'USD' },
      stock: 100,
    })),
  };
  expectStatus(await post('/v1/products', product, { token }), 201);
  return { handle: product.handle, skus };
}

/** Puts an item into a cart; a product that was made a moment ago takes a moment to reach the cart's own copy. */
export const addItem = (sku: string, quantity: number, token: string): Promise<ShopResponse> =>
  eventually(async () => expectStatus(await post('/v1/cart/items', { sku, quantity }, { token }), 201));
