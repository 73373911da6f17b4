import type {
  Attempt,
  CancelReason,
  Fulfilment,
  FulfilmentStatus,
  OrderAddress,
  OrderLine,
  OrderRefund,
  OrderReturn,
  OrderStatus,
  PaymentStatus,
  Quote,
  TimelineEntry,
} from '@stoa/order-contract';

/**
 * An order as it is stored. Its states:
 *
 * - placing: its goods are held until `holdUntil`; an attempt to pay runs, waits for the shopper, or failed and another
 *   may be made. Ends in placed or in cancelled, by one decision.
 * - placed: bought. It is paid, or waits for a transfer (until `holdUntil`) or for cash on delivery.
 * - cancelled: nothing is bought any more; whatever was paid goes back.
 * - completed: everything was shipped, and nothing more is expected.
 *
 * Its payment's status follows from its attempts, that of its fulfilment from its lines.
 */
export interface OrderState {
  readonly orderId: string;
  readonly customerId: string;
  readonly checkoutId: string;
  readonly number: string;
  readonly version: number;
  readonly status: OrderStatus;
  readonly cancelReason: CancelReason | null;
  readonly email: string | null;
  readonly shippingAddress: OrderAddress | null;
  readonly billingAddress: OrderAddress | null;
  readonly cartVersion: number;
  readonly quote: Quote;
  readonly lines: readonly OrderLine[];
  readonly attempts: readonly Attempt[];
  /** The attempt that it was placed with; null: none, or it costs nothing. */
  readonly paidBy: string | null;
  /** Minor units, over all attempts, as payment says. */
  readonly captured: number;
  readonly refunded: number;
  readonly holdUntil: Date | null;
  readonly fulfilments: readonly Fulfilment[];
  readonly returns: readonly OrderReturn[];
  readonly refunds: readonly OrderRefund[];
  readonly timeline: readonly TimelineEntry[];
  readonly createdAt: Date;
  readonly placedAt: Date | null;
  readonly updatedAt: Date;
}

/** Who does something to an order, and when. */
export interface Doing {
  readonly at: Date;
  readonly by: TimelineEntry['by'];
  readonly operatorId?: string;
}

/** The order's next version with an entry in its timeline. */
export function next(
  order: OrderState,
  { at, by, operatorId }: Doing,
  what: string,
  changes: Partial<OrderState>,
  detail: string | null = null,
): OrderState {
  const entry: TimelineEntry = { at: at.toISOString(), what, by, operatorId: operatorId ?? null, detail };
  return { ...order, ...changes, version: order.version + 1, updatedAt: at, timeline: [...order.timeline, entry] };
}

const HOLDS_MONEY: ReadonlySet<Attempt['status']> = new Set(['authorised', 'captured', 'partly_refunded', 'refunded']);

/** Whether an attempt has the shopper's money, or had it and gave it back. */
export const holdsMoney = ({ status }: Attempt): boolean => HOLDS_MONEY.has(status);

/** Of the attempt that the order is paid by, else of one that holds money, else of the last one. */
export function paymentStatusOf({ attempts, paidBy, quote, placedAt }: OrderState): PaymentStatus {
  if (quote.total === 0) return placedAt ? 'captured' : 'pending';
  const attempt =
    attempts.find(({ attemptId }) => attemptId === paidBy) ?? attempts.findLast(holdsMoney) ?? attempts.at(-1);
  if (!attempt || attempt.status === 'unknown') return 'pending';
  return attempt.status;
}

/** Of the lines: what was shipped, and what of it came back. */
export function fulfilmentStatusOf({ lines }: Pick<OrderState, 'lines'>): FulfilmentStatus {
  const sum = (field: 'quantity' | 'shipped' | 'returned'): number =>
    lines.reduce((total, line) => total + line[field], 0);
  const shipped = sum('shipped');
  if (shipped === 0) return 'unfulfilled';
  if (shipped < sum('quantity')) return 'partly';
  return sum('returned') === shipped ? 'returned' : 'fulfilled';
}
