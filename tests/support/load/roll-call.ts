import { randomUUID } from 'node:crypto';
import type { ShopResponse, Body } from '../shop.js';
import { ask, GaveUp } from './client.js';
import type { Findings } from './findings.js';
import {
  mustBe,
  newRegistration,
  PASSWORD,
  signIn,
  signInOperator,
  type Registration,
  type Shopper,
} from './shopper.js';

/** So many of those who registered under the load sign in at its end. */
const SIGN_INS = 5;
/** Small, so that a list takes many pages and moves switch between them. */
const PAGE = 7;
const SIGN_IN_EVERY_MS = 8 * 60_000;

interface CustomerPage {
  readonly items: readonly { readonly customerId: string }[];
  readonly next: string | null;
}

/** An operator who asks over all shards again and again while data moves, and somebody who registers new customers. */
export class RollCall {
  private readonly emails = new Map<string, string>();
  private readonly unknown: Registration[] = [];
  private readonly since = new Date(Date.now() - 1_000).toISOString();
  private token = '';
  private signedInAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly findings: Findings) {}

  /** From now on no list may miss or double this customer. */
  expect(id: string, email: string): void {
    this.emails.set(id, email);
  }

  /** Somebody new; at times somebody else tries the same e-mail address. */
  async register(): Promise<void> {
    const registration = newRegistration();
    try {
      await this.registered(registration, await ask(registration.request));
    } catch (error) {
      if (!(error instanceof GaveUp)) throw error;
      this.findings.count('unknown');
      this.unknown.push(registration);
    }
  }

  /** Sends what was given up once more: then everybody is registered, and once. */
  async settle(): Promise<void> {
    for (let one = this.unknown.at(-1); one; one = this.unknown.at(-1)) {
      await this.registered(one, await ask(one.request));
      this.unknown.pop();
    }
  }

  private async registered({ email }: Registration, response: ShopResponse): Promise<void> {
    const { customerId, version } = mustBe(201, response).body;
    if (version !== 1) this.findings.violation(`customer ${customerId} was registered as version ${version}`);
    // A registration that was given up may have been done, and then has the same response: one address is one customer.
    const known = this.emails.get(customerId);
    if (known !== undefined && known !== email)
      this.findings.violation(`customer ${customerId} was registered twice, as ${known} and ${email}`, 'doubled');
    for (const [id, address] of this.emails) {
      if (address === email && id !== customerId)
        this.findings.violation(`${email} was registered twice, as ${id} and ${customerId}`, 'doubled');
    }
    this.expect(customerId, email);
    this.findings.count('registrations');
    if (this.emails.size % 4 !== 0) return;
    const body = { email: email.toUpperCase(), password: PASSWORD, displayName: 'Eve' };
    const second = await ask({ method: 'POST', path: '/v1/customers', body, key: randomUUID() });
    // Answered as any other registration; the account that signs in with the address stays the first.
    const session = await ask({ method: 'POST', path: '/v1/sessions', body: { email, password: PASSWORD } });
    if ((second.status === 201 || second.status === 409) && session.body.customerId === customerId) return;
    this.findings.violation(`${email} was registered twice: ${second.status} ${second.text.slice(0, 200)}`);
  }

  /** Lists all customers since the load began: everybody acknowledged before is there, once. */
  async call(): Promise<void> {
    const expected = [...this.emails.keys()];
    const found = new Map<string, number>();
    for await (const id of this.list()) found.set(id, (found.get(id) ?? 0) + 1);
    this.findings.count('roll calls');
    for (const id of expected) {
      if (!found.has(id)) this.findings.violation(`the list of customers misses ${id}`, 'lost');
    }
    for (const [id, times] of found) {
      if (times > 1) this.findings.violation(`the list of customers has ${id} ${times} times`, 'doubled');
    }
  }

  /** At rest: the sums over all carts are those of the model, and who registered can sign in. */
  async finish(shoppers: readonly Shopper[], skus: readonly string[]): Promise<void> {
    await this.call();
    if (!shoppers.some((shopper) => shopper.isInDoubt)) await this.count(shoppers, skus);
    for (const [id, email] of [...this.emails].slice(-SIGN_INS)) {
      const me = mustBe(200, await ask({ method: 'GET', path: '/v1/me', token: await signIn(email) }));
      const found = me.body as Body & { email: string };
      if (found.customerId === id && found.email === email) continue;
      this.findings.violation(`${email} is ${id}, but signed in as ${found.customerId} (${found.email})`);
    }
  }

  private async *list(): AsyncGenerator<string> {
    const order = (this.findings.counts['roll calls'] ?? 0) % 2 === 0 ? 'asc' : 'desc';
    for (let cursor: string | null = ''; cursor !== null;) {
      const from = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const query = `sort=createdAt&order=${order}&from=${this.since}&limit=${PAGE}${from}`;
      const page = (await this.ask(`/v1/customers?${query}`)) as CustomerPage;
      yield* page.items.map(({ customerId }) => customerId);
      cursor = page.next;
    }
  }

  private async count(shoppers: readonly Shopper[], skus: readonly string[]): Promise<void> {
    const response = await this.ask('/v1/carts/top-products?limit=100');
    const { items } = response as { items: readonly { sku: string; quantity: number }[] };
    for (const sku of skus) {
      const written = shoppers
        .flatMap(({ lines }) => lines.filter((line) => line[0] === sku))
        .reduce((sum, line) => sum + line[1], 0);
      const counted = items.find((item) => item.sku === sku)?.quantity ?? 0;
      if (counted !== written)
        this.findings.violation(`all carts hold ${counted} of ${sku}, but ${written} were put in`);
    }
  }

  private async ask(path: string): Promise<unknown> {
    if (performance.now() - this.signedInAt > SIGN_IN_EVERY_MS) {
      this.token = await signInOperator();
      this.signedInAt = performance.now();
    }
    return mustBe(200, await ask({ method: 'GET', path, token: this.token })).body;
  }
}
