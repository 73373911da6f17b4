import * as fc from 'fast-check';
import type { Attempt, Quote } from '@stoa/order-contract';
import type { OrderState } from '../src/domain/order-state.js';

const uuid = (n: number): string => `01a22f12-0000-7000-8000-${String(n).padStart(12, '0')}`;
export const CUSTOMER = uuid(1);
export const attemptIdOf = (n: number): string => uuid(1_000 + n);
export const partIdOf = (n: number): string => uuid(2_000 + n);
export const NOW = new Date('2026-12-01T12:00:00Z');

export const quoteOf = (lines: readonly { sku: string; quantity: number; unitPrice: number }[]): Quote =>
  ({
    currency: 'EUR',
    rulesVersion: 0,
    lines: lines.map((line) => ({
      ...line,
      product: null,
      title: `The ${line.sku}`,
      imageUrl: null,
      total: line.quantity * line.unitPrice,
    })),
    total: lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0),
    coupon: null,
    uses: [],
    problems: [],
  }) as unknown as Quote;

/** An order that is being placed. */
export function anOrder(quote: Quote, changes: Partial<OrderState> = {}): OrderState {
  return {
    orderId: uuid(2),
    customerId: CUSTOMER,
    checkoutId: uuid(3),
    number: '000-000-000',
    version: 1,
    status: 'placing',
    cancelReason: null,
    email: null,
    shippingAddress: null,
    billingAddress: null,
    cartVersion: 1,
    quote,
    lines: quote.lines.map(({ sku, title, quantity }) => ({ sku, title, quantity, shipped: 0, returned: 0 })),
    attempts: [],
    paidBy: null,
    captured: 0,
    refunded: 0,
    holdUntil: new Date(NOW.getTime() + 900_000),
    fulfilments: [],
    returns: [],
    refunds: [],
    timeline: [],
    createdAt: NOW,
    placedAt: null,
    updatedAt: NOW,
    ...changes,
  };
}

export const orders = fc
  .uniqueArray(
    fc.record({
      sku: fc.constantFrom('A', 'B', 'C'),
      quantity: fc.integer({ min: 1, max: 4 }),
      unitPrice: fc.constantFrom(0, 1, 250),
    }),
    { selector: ({ sku }) => sku, minLength: 1 },
  )
  .map((lines) => anOrder(quoteOf(lines)));

export const attemptStatuses = fc.constantFrom<Attempt['status'][]>(
  'pending',
  'unknown',
  'requires_action',
  'failed',
  'authorised',
  'voided',
  'captured',
  'partly_refunded',
  'refunded',
);
