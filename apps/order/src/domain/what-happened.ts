import type { OrderState } from './order-state.js';
import { openAttempts } from './pay.js';
import { refundableOf } from './ship.js';

/** Between two versions of an order. */
export interface Happened {
  readonly placed: boolean;
  /** It came to nothing before it was bought. */
  readonly refused: boolean;
  /** It was bought, and is no more. */
  readonly cancelled: boolean;
  /** It has money that is to be taken, or given back. */
  readonly settles: boolean;
}

/** @param before undefined: it was just made */
export function whatHappened(before: OrderState | undefined, after: OrderState): Happened {
  const ended = before !== undefined && before.status !== 'cancelled' && after.status === 'cancelled';
  const placed = before?.status === 'placing' && after.status === 'placed';
  const hasMoney = openAttempts(after).length > 0 || (after.status === 'cancelled' && refundableOf(after) > 0);
  const hasNewMoney = before !== undefined && before.attempts !== after.attempts && hasMoney;
  return {
    placed,
    refused: ended && before.placedAt === null,
    cancelled: ended && before.placedAt !== null,
    settles: placed || ended || hasNewMoney,
  };
}
