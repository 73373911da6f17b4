import type { PaymentDetails } from '@stoa/payment-contract';
import { compareBooks, type BookedAttempt } from './reconciliation.js';

const money = (amount: number) => ({ amount, currency: 'EUR' });
const at = '2026-01-01T00:00:00.000Z';

function payment(method: 'card' | 'transfer', captured: number, refunded: number, status = 'captured'): PaymentDetails {
  const attempt = {
    attemptId: 'a',
    method,
    status: status as 'captured',
    amount: money(1_000),
    captured: money(captured),
    reason: null,
    wanted: null,
    reference: 'pi',
    card: null,
    tries: 0,
    createdAt: at,
    updatedAt: at,
  };
  const refund = { refundId: 'r', attemptId: 'a', amount: money(refunded), reason: 'x', reference: 're' };
  return {
    paymentId: 'p',
    customerId: 'c',
    status: 'captured',
    amount: money(1_000),
    captured: money(captured),
    refunded: money(refunded),
    pendingRefunds: money(0),
    createdAt: at,
    updatedAt: at,
    attempts: [attempt],
    refunds: refunded > 0 ? [{ ...refund, status: 'succeeded', createdAt: at, updatedAt: at }] : [],
  };
}

const booked = (captured: number, refunded: number, status = 'captured'): BookedAttempt => ({
  attemptId: 'a',
  status,
  currency: 'EUR',
  captured,
  refunded,
});

describe('the comparison of the books', () => {
  it.each([
    ['equal', payment('card', 900, 100), [booked(900, 100)], []],
    ['a capture that is not known here', payment('card', 0, 0, 'authorised'), [booked(900, 0)], ['captured']],
    ['a refund that is not known there', payment('card', 900, 100), [booked(900, 0)], ['refunded']],
    ['a payment that is not known here', undefined, [booked(900, 0)], ['captured']],
    ['one that is not known there', payment('card', 900, 0), [], ['captured']],
    ['paid by hand', payment('transfer', 900, 100), [], []],
    ['held for an attempt that is over', payment('card', 0, 0, 'voided'), [booked(0, 0, 'authorised')], ['attempt a']],
    ['another currency', payment('card', 9, 0), [{ ...booked(9, 0), currency: 'USD' }], ['currency']],
  ])('finds: %s', (_, here, there, expected) => {
    expect(compareBooks('p', here, there).map(({ what }) => what)).toEqual(expected);
  });
});
