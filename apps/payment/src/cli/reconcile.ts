import { setTimeout as pause } from 'node:timers/promises';
import type { PaymentSummary } from '@stoa/payment-contract';
import { compareBooks, type Difference } from '../domain/reconciliation.js';
import type { Provider, ProviderBooks } from '../providers/provider.js';
import type { Shop } from './shop.js';

const HOUR_MS = 3_600_000;
/** A payment that changes while it is compared is compared again a moment later. */
const CHECKS = 5;
const PAUSE_MS = 2_000;

export type PaymentReader = Pick<Shop, 'payments' | 'payment'>;

export interface Reconciliation {
  readonly payments: number;
  readonly differences: readonly Difference[];
}

/** Compares all payments of a time with the provider's books. Those that seem to differ are compared once more. */
export async function reconcile(
  shop: PaymentReader,
  provider: Provider,
  from: Date,
  until: Date,
): Promise<Reconciliation> {
  const books = new Map<string, ProviderBooks[]>();
  // Attempts of a payment may come long after its first.
  for await (const each of provider.books(new Date(from.getTime() - HOUR_MS), new Date())) {
    books.set(each.orderId, [...(books.get(each.orderId) ?? []), each]);
  }
  const suspects = new Set(books.keys());
  let payments = 0;
  for await (const summary of shop.payments(from, until)) {
    payments += 1;
    if (isEqual(summary, books.get(summary.paymentId) ?? [])) suspects.delete(summary.paymentId);
    else suspects.add(summary.paymentId);
  }
  const differences: Difference[] = [];
  for (const id of suspects) differences.push(...(await check(shop, provider, id, books.get(id) ?? [])));
  return { payments, differences };
}

/** A quick look, so that few payments are read one by one. */
function isEqual({ status, captured, refunded }: PaymentSummary, books: readonly ProviderBooks[]): boolean {
  const sum = (of: 'captured' | 'refunded'): number => books.reduce((total, each) => total + each[of], 0);
  const isHeld = books.some((each) => each.status === 'authorised');
  return (
    sum('captured') === captured.amount && sum('refunded') === refunded.amount && (!isHeld || status === 'authorised')
  );
}

/** Both are read anew, payment by payment. */
async function check(
  shop: PaymentReader,
  provider: Provider,
  id: string,
  known: readonly ProviderBooks[],
): Promise<readonly Difference[]> {
  let differences: Difference[] = [];
  for (let checks = 0; checks < CHECKS; checks += 1) {
    if (checks > 0) await pause(PAUSE_MS);
    const here = await shop.payment(id);
    const own = (here?.attempts ?? []).flatMap(({ reference }) => (reference === null ? [] : [reference]));
    const references = new Set([...own, ...known.map(({ reference }) => reference)]);
    const there = await Promise.all([...references].map((reference) => provider.book(reference)));
    differences = compareBooks(
      id,
      here,
      there.filter((each) => each !== undefined),
    );
    if (differences.length === 0) break;
  }
  return differences;
}
