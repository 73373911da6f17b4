import { bucketOf } from '@stoa/sharding/testing';
import { randomUUID } from 'node:crypto';
import type { ShopResponse, Body } from '../shop.js';
import { ask, type Request } from './client.js';
import { Track, type Seen } from './track.js';

export type Line = readonly [sku: string, quantity: number];

/** The lines of a cart, in one line of text. */
export const cartState = (lines: readonly Line[]): string =>
  lines.map(([sku, quantity]) => `${quantity}×${sku}`).join(' ') || 'nothing';

export const linesOf = ({ lines }: Body): readonly Line[] => lines.map(({ sku, quantity }): Line => [sku, quantity]);

export const cartSeen = (body: Body): Seen => ({ version: body.version, state: cartState(linesOf(body)) });

export const profileSeen = (body: Body): Seen => ({
  version: body.version,
  state: (body as Body & { displayName: string }).displayName,
});

/** A write with its response: sent again, it must have the same. */
export interface Completed {
  readonly request: Request;
  readonly status: number;
  readonly text: string;
}

export const PASSWORD = 'correct horse battery';
/** An access token is valid for ten minutes. */
const SIGN_IN_EVERY_MS = 8 * 60_000;

/** A customer or guest who shops, with all that was acknowledged to them. A guest has a cart only. */
export class Shopper {
  readonly bucket: number;
  readonly cart = new Track({ version: 0, state: cartState([]) });
  lines: readonly Line[] = [];
  /** Writes that may be sent again. */
  readonly completed: Completed[] = [];
  private signedInAt = performance.now();

  private constructor(
    readonly id: string,
    private current: string,
    readonly email?: string,
    readonly profile?: Track,
  ) {
    this.bucket = bucketOf(id);
  }

  static async guest(): Promise<Shopper> {
    const { body } = mustBe(201, await ask({ method: 'POST', path: '/v1/guests' }));
    return new Shopper((body as Body & { guestId: string }).guestId, body.token);
  }

  static async customer(): Promise<Shopper> {
    const { email, request } = newRegistration();
    const response = await ask(request);
    const { customerId } = mustBe(201, response).body;
    return new Shopper(customerId, await signIn(email), email, new Track(profileSeen(response.body)));
  }

  /** An access token that is still valid. */
  async token(): Promise<string> {
    if (this.email === undefined || performance.now() - this.signedInAt < SIGN_IN_EVERY_MS) return this.current;
    this.current = await signIn(this.email);
    this.signedInAt = performance.now();
    return this.current;
  }

  /** True once the outcome of a write was not to be learned: its next version is not known for sure. */
  get isInDoubt(): boolean {
    return this.cart.isInDoubt || this.profile?.isInDoubt === true;
  }
}

export interface Registration {
  readonly email: string;
  readonly request: Request;
}

/** Somebody new; a retry of the request is the same registration. */
export function newRegistration(): Registration {
  const email = `load-${randomUUID()}@example.com`;
  const body = { email, password: PASSWORD, displayName: `Ada ${email.slice(5, 13)}` };
  return { email, request: { method: 'POST', path: '/v1/customers', body, key: randomUUID() } };
}

/** The operator that the stack was started with. */
export const signInOperator = (): Promise<string> =>
  signIn(process.env.STOA_OPERATOR_EMAIL ?? '', process.env.STOA_OPERATOR_PASSWORD);

/** @returns an access token. */
export async function signIn(email: string, password = PASSWORD): Promise<string> {
  const response = await ask({ method: 'POST', path: '/v1/sessions', body: { email, password } });
  return mustBe(201, response).body.accessToken;
}

/** @throws Error with what came instead. */
export function mustBe(status: number, response: ShopResponse): ShopResponse {
  if (response.status === status) return response;
  throw new Error(`${status} was expected, ${response.status} came: ${response.text.slice(0, 300)}`);
}
