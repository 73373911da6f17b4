import fc from 'fast-check';
import { beginAttempt } from './begin-attempt.js';
import { markReceived, wantCapture, wantVoid } from './change-attempt.js';
import { hasMore, nextStep } from './next-step.js';
import { RANK, sumsOf, type Change, type Payment, type Refund } from './payment.js';
import { applyReply, noReply, type ProviderReply } from './provider-reply.js';
import { applyRefundReply, beginRefund, noRefundReply } from './refunds.js';

class Refused extends Error {}
const fail = (code: string): never => {
  throw new Refused(code);
};

const AMOUNT = 1_000;
const empty: Payment = {
  customerId: 'c',
  orderId: 'o',
  currency: 'EUR',
  attempts: [],
  refunds: [],
  createdAt: new Date(0),
};

const attemptId = fc.constantFrom('a1', 'a2', 'a3');
const refundId = fc.constantFrom('r1', 'r2', 'r3', 'r4');
const amount = fc.integer({ min: 1, max: AMOUNT + 1 });
const reply: fc.Arbitrary<ProviderReply> = fc.oneof(
  fc.record({ status: fc.constantFrom('requires_action' as const, 'authorised' as const, 'voided' as const) }),
  fc.record({ status: fc.constant('failed' as const), reason: fc.constant('declined') }),
  fc.record({ status: fc.constant('captured' as const), captured: fc.integer({ min: 1, max: AMOUNT }) }),
);

type Act = (payment: Payment, now: Date) => Change;

/** Whatever an order, an operator, a provider or silence can do, in any order. */
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(attemptId, fc.constantFrom('card' as const, 'transfer' as const)).map(([id, method]): Act => {
    const wanted = { attemptId: id, amount: AMOUNT, currency: 'EUR', method, request: {} };
    return (payment, now) => beginAttempt(payment, wanted, now, fail);
  }),
  fc.tuple(attemptId, reply).map(
    ([id, word]): Act =>
      (payment, now) =>
        applyReply(payment, id, word, now),
  ),
  attemptId.map(
    (id): Act =>
      (payment, now) =>
        noReply(payment, id, now),
  ),
  fc.tuple(attemptId, amount).map(
    ([id, part]): Act =>
      (payment, now) =>
        wantCapture(payment, { attemptId: id, amount: part, currency: 'EUR' }, now, fail),
  ),
  attemptId.map(
    (id): Act =>
      (payment, now) =>
        wantVoid(payment, { attemptId: id, reason: 'x' }, now, fail),
  ),
  fc.tuple(refundId, amount).map(
    ([id, part]): Act =>
      (payment, now) =>
        beginRefund(payment, { refundId: id, amount: part, currency: 'EUR', reason: 'x' }, now, fail),
  ),
  fc.tuple(fc.oneof(refundId, attemptId), fc.constantFrom<Refund['status']>('pending', 'succeeded', 'failed')).map(
    ([id, status]): Act =>
      (payment, now) =>
        applyRefundReply(payment, id, { status }, now),
  ),
  refundId.map(
    (id): Act =>
      (payment, now) =>
        noRefundReply(payment, id, true, now),
  ),
  fc.constant<Act>((payment, now) => markReceived(payment, { amount: AMOUNT, currency: 'EUR' }, now, fail)),
);

function run(acts: readonly Act[], check: (before: Payment, change: Change) => void): Payment {
  let payment = empty;
  for (const [n, each] of acts.entries()) {
    try {
      const change = each(payment, new Date(n * 1_000));
      check(payment, change);
      ({ payment } = change);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }
  return payment;
}

const acts = fc.array(act, { maxLength: 40 });
const RUNS = { numRuns: 2_000 };

describe('a payment, whatever happens in whatever order', () => {
  it('moves its attempts forward only', () => {
    fc.assert(
      fc.property(acts, (all) => {
        run(all, (before, { payment }) => {
          for (const [n, { status }] of before.attempts.entries()) {
            expect(RANK[payment.attempts[n]!.status]).toBeGreaterThanOrEqual(RANK[status]);
            if (status === 'captured') expect(payment.attempts[n]!.captured).toBe(before.attempts[n]!.captured);
            // Of equal rank: one end is never exchanged for another.
            if (RANK[status] === RANK.failed && RANK[payment.attempts[n]!.status] === RANK.failed) {
              expect(payment.attempts[n]!.status).toBe(status);
            }
          }
        });
      }),
      RUNS,
    );
  });

  it('never gives back more than it took', () => {
    fc.assert(
      fc.property(acts, (all) => {
        run(all, (_, { payment }) => {
          const { captured, refunded, pendingRefunds } = sumsOf(payment);
          expect(refunded + pendingRefunds).toBeLessThanOrEqual(captured);
          for (const attempt of payment.attempts) {
            const own = sumsOf(payment, attempt.attemptId);
            expect(own.refunded + own.pendingRefunds).toBeLessThanOrEqual(attempt.captured);
            expect(attempt.captured).toBeLessThanOrEqual(attempt.amount);
          }
        });
      }),
      RUNS,
    );
  });

  it('holds or takes by one attempt at a time; what is beyond it is being released or given back', () => {
    fc.assert(
      fc.property(acts, (all) => {
        run(all, (_, { payment }) => {
          const active = payment.attempts.filter(({ attemptId: id, status, wanted }) => {
            const isSurplus = payment.refunds.some((refund) => refund.refundId === id);
            return ['authorised', 'captured'].includes(status) && wanted !== 'void' && !isSurplus;
          });
          expect(active.length).toBeLessThanOrEqual(1);
        });
      }),
      RUNS,
    );
  });

  it('says what changed, and nothing else', () => {
    fc.assert(
      fc.property(acts, (all) => {
        run(all, (before, { payment, changed }) => {
          const moved = payment.attempts.filter(({ status }, n) => {
            const was = before.attempts[n]?.status;
            return was !== undefined && was !== status;
          });
          for (const { attemptId: id } of moved) expect(changed.map((each) => each.attemptId)).toContain(id);
        });
      }),
      RUNS,
    );
  });

  it('comes to rest once the provider responds, and asks for nothing more', () => {
    fc.assert(
      fc.property(acts, fc.boolean(), (all, grants) => {
        let payment = run(all, () => undefined);
        // A provider that does what it is asked.
        for (let rounds = 0; rounds < 20; rounds += 1) {
          for (const attempt of payment.attempts) {
            const step = nextStep(attempt);
            const word: ProviderReply | undefined =
              step === 'void'
                ? { status: 'voided' }
                : step === 'capture'
                  ? { status: 'captured', captured: attempt.captureAmount ?? AMOUNT }
                  : step === 'look' && attempt.status === 'authorised'
                    ? undefined
                    : step && (grants ? { status: 'authorised' } : { status: 'failed', reason: 'declined' });
            if (word) ({ payment } = applyReply(payment, attempt.attemptId, word, new Date(rounds)));
          }
        }
        for (const attempt of payment.attempts) {
          expect(hasMore(attempt)).toBe(false);
          expect(attempt.status).not.toBe('unknown');
          expect(attempt.isOpen && attempt.provider === 'stripe' ? attempt.dueAt : null).toEqual(
            attempt.isOpen && attempt.provider === 'stripe' ? expect.any(Date) : null,
          );
        }
      }),
      RUNS,
    );
  });
});
