import { expectStatus, newCustomer, PASSWORD, send } from '../../support/shop.js';
import type { Fault } from './fault.js';

const TIMEOUT_MS = 20_000;
/** Of which some are refused: more than may wait for their comparison on all clones of profile. */
const SIGN_INS = 600;
const SPELLINGS = 5_000;
const AT_ONCE = 100;

/** Runs `work` so many times, some side by side. */
async function many(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++).catch(() => undefined);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const signIn = (email: string) =>
  send('POST', '/v1/sessions', { email, password: PASSWORD }, { timeoutMs: TIMEOUT_MS });

/** Right passwords, far more than can be compared: whoever is refused for that must not be locked out by it. */
const signIns: Fault = {
  name: 'flood-of-sign-ins',
  inject: async () => {
    const emails = await Promise.all(Array.from({ length: 4 }, async () => (await newCustomer()).email));
    await many(SIGN_INS, (n) => signIn(emails[n % emails.length] ?? ''));
    const verify = async (): Promise<void> => {
      for (const email of emails) expectStatus(await signIn(email), 201);
    };
    return { victim: 'profile', at: performance.now(), verify };
  },
};

/** The same query in thousands of spellings, each of which a cache may take for another one. */
const spellings: Fault = {
  name: 'flood-of-spellings',
  inject: async () => {
    const filler = 'x'.repeat(150);
    await many(SPELLINGS, (n) =>
      send('GET', `/v1/products?limit=1&q=${n}${filler}`, undefined, { timeoutMs: TIMEOUT_MS }),
    );
    return { victim: 'gateway', at: performance.now() };
  },
};

export const floods: readonly Fault[] = [signIns, spellings];
