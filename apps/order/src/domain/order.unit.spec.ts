import * as fc from 'fast-check';
import type { OrderStatus } from '@stoa/order-contract';
import { OperationError } from '@stoa/contract-kit';
import { anOrder, attemptIdOf, attemptStatuses, NOW, orders, partIdOf, quoteOf } from '../../test/arbitraries.js';
import { fulfilmentStatusOf, paymentStatusOf, type Doing, type OrderState } from './order-state.js';
import { addAttempt, cancel, cancelUnpaid, hearOfPayment, isOverdue, place, refuseOrder, openAttempts } from './pay.js';
import { complete, endRefund, planRefund, refundableOf, ship, takeBack } from './ship.js';

const refuse = (code: string, detail?: string): never => {
  throw new OperationError(code, detail);
};
const doing: Doing = { at: NOW, by: 'shop' };
const never = (): null => null;

type Step = (order: OrderState) => OrderState;
const part = fc.nat(5);
const lines = fc.array(
  fc.record({ sku: fc.constantFrom('A', 'B', 'C', 'X'), quantity: fc.integer({ min: 1, max: 4 }) }),
  {
    minLength: 1,
    maxLength: 3,
  },
);

/** All that may happen to an order, in whatever order. */
const step: fc.Arbitrary<readonly [string, Step]> = fc.oneof(
  fc
    .tuple(part, fc.boolean())
    .map(([n, isManual]): [string, Step] => [
      'attempt',
      (order) =>
        addAttempt(
          order,
          attemptIdOf(n),
          isManual ? { provider: 'manual', kind: 'cash_on_delivery' } : { provider: 'card' },
          doing,
          refuse,
        ),
    ]),
  fc
    .record({ n: part, status: attemptStatuses, share: fc.nat(2), back: fc.nat(2) })
    .map(({ n, status, share, back }): [string, Step] => [
      'payment',
      (order) => {
        const isTaken = ['captured', 'partly_refunded', 'refunded'].includes(status);
        const captured = isTaken ? Math.floor((order.quote.total * share) / 2) : 0;
        const refunded = status === 'captured' ? 0 : Math.floor((captured * back) / 2);
        return hearOfPayment(order, { attemptId: attemptIdOf(n), status, captured, refunded }, doing);
      },
    ]),
  fc.constant<[string, Step]>(['place', (order) => place(order, never, doing)]),
  fc.constant<[string, Step]>(['refuse', (order) => refuseOrder(order, 'not_paid_in_time', doing)]),
  fc.constant<[string, Step]>(['cancel', (order) => cancel(order, 'shopper', null, doing, refuse)]),
  fc.constant<[string, Step]>(['complete', (order) => complete(order, doing, refuse)]),
  fc
    .tuple(part, lines)
    .map(([n, quantities]): [string, Step] => [
      'ship',
      (order) => ship(order, { fulfilmentId: partIdOf(n), lines: quantities, tracking: null }, doing, refuse),
    ]),
  part.map((n): [string, Step] => [
    'take all back',
    (order) => {
      const rest = order.lines.map(({ sku, shipped, returned }) => ({
        sku,
        quantity: shipped - returned,
        restocked: true,
      }));
      return takeBack(order, { returnId: partIdOf(n), lines: rest, reason: null }, doing, refuse);
    },
  ]),
  part.map((n): [string, Step] => [
    'ship the rest',
    (order) => {
      const rest = order.lines.map(({ sku, quantity, shipped }) => ({ sku, quantity: quantity - shipped }));
      return ship(order, { fulfilmentId: partIdOf(n), lines: rest, tracking: null }, doing, refuse);
    },
  ]),
  fc.tuple(part, lines).map(([n, quantities]): [string, Step] => [
    'take back',
    (order) => {
      const back = quantities.map((line) => ({ ...line, restocked: true }));
      return takeBack(order, { returnId: partIdOf(n), lines: back, reason: null }, doing, refuse);
    },
  ]),
  fc
    .tuple(part, fc.integer({ min: 1, max: 900 }))
    .map(([n, amount]): [string, Step] => [
      'refund',
      (order) => planRefund(order, { refundId: partIdOf(n), amount, split: null, reason: 'broken' }, doing, refuse),
    ]),
  fc
    .tuple(part, fc.constantFrom('done', 'failed'))
    .map(([n, status]): [string, Step] => [
      'refund ends',
      (order) => endRefund(order, partIdOf(n), status as 'done' | 'failed', doing),
    ]),
);

const FORWARD: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  placing: ['placing', 'placed', 'cancelled'],
  placed: ['placed', 'cancelled', 'completed'],
  cancelled: ['cancelled'],
  completed: ['completed'],
};
const RANKS = [
  'pending',
  'requires_action',
  'failed',
  'authorised',
  'voided',
  'captured',
  'partly_refunded',
  'refunded',
];
const rankOf = (status: string): number => RANKS.indexOf(status === 'unknown' ? 'pending' : status);

function expectSound(order: OrderState): void {
  for (const line of order.lines) {
    expect(line.shipped).toBeLessThanOrEqual(line.quantity);
    expect(line.returned).toBeLessThanOrEqual(line.shipped);
    const inParcels = order.fulfilments
      .flatMap((parcel) => parcel.lines)
      .reduce((sum, { sku, quantity }) => sum + (sku === line.sku ? quantity : 0), 0);
    expect(inParcels).toBe(line.shipped);
  }
  const asked = order.refunds.filter(({ status }) => status !== 'failed');
  expect(asked.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(order.captured);
  if (order.status === 'placed' || order.status === 'completed') {
    const paying = order.attempts.find(({ attemptId }) => attemptId === order.paidBy);
    expect(order.quote.total === 0 || paying !== undefined).toBe(true);
  }
  if (order.status === 'cancelled') {
    // Whatever an attempt still holds is on its way back.
    for (const attempt of order.attempts) {
      if (attempt.status === 'authorised') expect(openAttempts(order)).toContain(attempt);
    }
  }
}

function expectForward(before: OrderState, after: OrderState): void {
  expect(FORWARD[before.status]).toContain(after.status);
  if (after === before) return;
  expect(after.version).toBe(before.version + 1);
  expect(after.timeline).toHaveLength(before.timeline.length + 1);
  for (const attempt of before.attempts) {
    const now = after.attempts.find(({ attemptId }) => attemptId === attempt.attemptId);
    expect(rankOf(now?.status ?? '')).toBeGreaterThanOrEqual(rankOf(attempt.status));
  }
  expect(after.captured).toBeGreaterThanOrEqual(before.captured);
  expect(after.refunded).toBeGreaterThanOrEqual(before.refunded);
}

describe('an order', () => {
  it('only moves forward, and its sums hold, whatever comes in whatever order', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(orders, fc.array(step, { maxLength: 50, size: 'max' }), (first, steps) => {
        let order = first;
        for (const [, apply] of steps) {
          const before = order;
          try {
            order = apply(before);
          } catch (error) {
            if (!(error instanceof OperationError)) throw error;
          }
          expectForward(before, order);
          expectSound(order);
          reached.add(order.status).add(fulfilmentStatusOf(order)).add(paymentStatusOf(order));
        }
      }),
      { numRuns: 700 },
    );
    // The walk is long enough to see each state.
    for (const state of ['completed', 'cancelled', 'returned', 'partly', 'refunded', 'voided', 'failed']) {
      expect(reached).toContain(state);
    }
  });

  it('hears the same news once', () => {
    fc.assert(
      fc.property(orders, attemptStatuses, (first, status) => {
        const order = addAttempt(first, attemptIdOf(1), { provider: 'card' }, doing, refuse);
        const once = hearOfPayment(order, { attemptId: attemptIdOf(1), status }, doing);
        expect(hearOfPayment(once, { attemptId: attemptIdOf(1), status }, doing)).toBe(once);
      }),
    );
  });

  const paid = (status: 'authorised' | 'captured' = 'authorised', total = 500): OrderState => {
    const order = anOrder(quoteOf([{ sku: 'A', quantity: 2, unitPrice: total / 2 }]));
    const tried = addAttempt(order, attemptIdOf(1), { provider: 'card' }, doing, refuse);
    return hearOfPayment(
      tried,
      { attemptId: attemptIdOf(1), status, captured: status === 'captured' ? total : 0 },
      doing,
    );
  };

  it('stays paid when an older attempt is said to have failed', () => {
    let order = anOrder(quoteOf([{ sku: 'A', quantity: 2, unitPrice: 250 }]));
    order = addAttempt(order, attemptIdOf(1), { provider: 'card' }, doing, refuse);
    order = addAttempt(order, attemptIdOf(2), { provider: 'card' }, doing, refuse);
    order = place(hearOfPayment(order, { attemptId: attemptIdOf(2), status: 'authorised' }, doing), never, doing);
    const after = hearOfPayment(order, { attemptId: attemptIdOf(1), status: 'failed' }, doing);
    expect([after.status, paymentStatusOf(after), after.paidBy]).toEqual(['placed', 'authorised', attemptIdOf(2)]);
    expect(openAttempts(after)).toEqual([]);
  });

  it('of nothing to pay is placed without an attempt, and is paid', () => {
    const order = place(anOrder(quoteOf([{ sku: 'A', quantity: 2, unitPrice: 0 }])), never, doing);
    expect([order.status, paymentStatusOf(order)]).toEqual(['placed', 'captured']);
  });

  it('is not placed while nobody paid', () => {
    const order = anOrder(quoteOf([{ sku: 'A', quantity: 1, unitPrice: 5 }]));
    expect(place(order, never, doing)).toBe(order);
    const tried = addAttempt(order, attemptIdOf(1), { provider: 'card' }, doing, refuse);
    expect(place(tried, never, doing)).toBe(tried);
  });

  it('ends once: who decides second changes nothing', () => {
    const placed = place(paid(), never, doing);
    expect(refuseOrder(placed, 'not_paid_in_time', doing)).toBe(placed);
    const refused = refuseOrder(paid(), 'not_paid_in_time', doing);
    expect(place(refused, never, doing)).toBe(refused);
    expect(openAttempts(refused)).toHaveLength(1);
  });

  it('gives back what another attempt holds beside the one that it was placed with', () => {
    let order = anOrder(quoteOf([{ sku: 'A', quantity: 2, unitPrice: 250 }]));
    order = addAttempt(order, attemptIdOf(1), { provider: 'card' }, doing, refuse);
    order = addAttempt(order, attemptIdOf(2), { provider: 'card' }, doing, refuse);
    order = place(hearOfPayment(order, { attemptId: attemptIdOf(1), status: 'authorised' }, doing), never, doing);
    const both = hearOfPayment(order, { attemptId: attemptIdOf(2), status: 'authorised' }, doing);
    expect(openAttempts(both).map(({ attemptId }) => attemptId)).toEqual([attemptIdOf(2)]);
  });

  it('is cancelled when the attempt that it was placed with ends before its money was taken', () => {
    const placed = place(paid(), never, doing);
    const end = (order: OrderState): OrderState =>
      cancelUnpaid(hearOfPayment(order, { attemptId: attemptIdOf(1), status: 'voided' }, doing), doing);
    expect(end(placed).status).toBe('cancelled');
    expect(cancelUnpaid(placed, doing)).toBe(placed);
    const captured = place(paid('captured'), never, doing);
    expect(end(captured).status).toBe('placed');
  });

  it('is no more cancelled when some of it was shipped', () => {
    const lines1 = [{ sku: 'A', quantity: 1 }];
    const captured = place(paid('captured'), never, doing);
    const shipped = ship(captured, { fulfilmentId: partIdOf(1), lines: lines1, tracking: null }, doing, refuse);
    expect(fulfilmentStatusOf(shipped)).toBe('partly');
    expect(() => cancel(shipped, 'shopper', null, doing, refuse)).toThrow('shipped');
  });

  it.each([
    ['more than was ordered', [{ sku: 'A', quantity: 3 }]],
    [
      'more than was ordered, in two lines',
      [
        { sku: 'A', quantity: 1 },
        { sku: 'A', quantity: 2 },
      ],
    ],
    ['what was not ordered', [{ sku: 'B', quantity: 1 }]],
  ])('ships and takes back nothing of %s', (_, quantities) => {
    const order = place(paid('captured'), never, doing);
    const parcel = { fulfilmentId: partIdOf(1), lines: quantities, tracking: null };
    expect(() => ship(order, parcel, doing, refuse)).toThrow('More than is left');
    const all = ship(order, { ...parcel, lines: [{ sku: 'A', quantity: 2 }] }, doing, refuse);
    const back = quantities.map((line) => ({ ...line, restocked: true }));
    expect(() => takeBack(all, { returnId: partIdOf(2), lines: back, reason: null }, doing, refuse)).toThrow(
      'More than',
    );
  });

  it('refunds what was taken and no more', () => {
    const order = place(paid('captured'), never, doing);
    const first = planRefund(
      order,
      { refundId: partIdOf(1), amount: 300, split: null, reason: 'broken' },
      doing,
      refuse,
    );
    expect(refundableOf(first)).toBe(200);
    const second = { refundId: partIdOf(2), amount: 201, split: null, reason: 'broken' };
    expect(() => planRefund(first, second, doing, refuse)).toThrow('At most 200');
    expect(planRefund(endRefund(first, partIdOf(1), 'failed', doing), second, doing, refuse).refunds).toHaveLength(2);
  });

  it('is overdue when its hold ended and nobody paid', () => {
    const order = anOrder(quoteOf([{ sku: 'A', quantity: 1, unitPrice: 5 }]));
    const later = new Date(NOW.getTime() + 900_000);
    expect([isOverdue(order, NOW), isOverdue(order, later), isOverdue(place(paid(), never, doing), later)]).toEqual([
      false,
      true,
      false,
    ]);
  });
});
