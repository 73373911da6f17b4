import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { order, TRANSFER_SECONDS, type Attempt } from '@stoa/order-contract';
import { orderOf } from '../../domain/order-of.js';
import { addAttempt, hearOfPayment, place, refuseOrder } from '../../domain/pay.js';
import { whatHappened } from '../../domain/what-happened.js';
import { OrderChanges, type Changed } from '../../storage/order-changes.js';

const NONE = 'You have no such order';

/** A flow may go on behind a cancellation: what it made of an order meanwhile is given back too. */
const isToSettle = ({ before, after }: Changed): boolean =>
  after.status === 'cancelled' || whatHappened(before, after).settles;

type StartAttemptHandler = Handler<typeof order.startAttempt>;

@Injectable()
export class StartAttempt implements StartAttemptHandler {
  constructor(private readonly changes: OrderChanges) {}

  readonly handle: StartAttemptHandler['handle'] = async ({ attemptId, payment, ...of }, context) => {
    const { now, fail } = context;
    const changed = await this.changes.change(context, of, (before) =>
      before.quote.total === 0
        ? fail('NOT_PAYABLE', 'This order costs nothing')
        : addAttempt(before, attemptId, payment, { at: now, by: 'shopper' }, fail),
    );
    return changed ? orderOf(changed.after) : fail('NOT_FOUND', NONE);
  };
}

type RecordPaymentHandler = Handler<typeof order.recordPayment>;

@Injectable()
export class RecordPayment implements RecordPaymentHandler {
  constructor(private readonly changes: OrderChanges) {}

  readonly handle: RecordPaymentHandler['handle'] = async (input, context) => {
    const { customerId, orderId, attemptId, status, action, reason, captured = 0, refunded = 0 } = input;
    const of = { customerId, orderId };
    const news = { attemptId, status, action, reason, captured, refunded };
    const doing = { at: context.now, by: 'provider' } as const;
    const changed = await this.changes.change(context, of, (before) => hearOfPayment(before, news, doing));
    if (!changed) return context.fail('NOT_FOUND', NONE);
    if (isToSettle(changed)) await context.start(order.settleOrder, of);
    return orderOf(changed.after);
  };
}

type DecideOrderHandler = Handler<typeof order.decideOrder>;

/** The one commit point of an order. */
@Injectable()
export class DecideOrder implements DecideOrderHandler {
  constructor(private readonly changes: OrderChanges) {}

  readonly handle: DecideOrderHandler['handle'] = async ({ refuse, ...of }, context) => {
    const { now, fail } = context;
    const doing = { at: now, by: 'shop' } as const;
    const isTransfer = (attempt?: Attempt): boolean => attempt?.kind === 'transfer' && attempt.status === 'pending';
    const dueAt = (attempt?: Attempt): Date | null =>
      isTransfer(attempt) ? new Date(now.getTime() + TRANSFER_SECONDS * 1_000) : null;
    const changed = await this.changes.change(context, of, (before) =>
      refuse === null ? place(before, dueAt, doing) : refuseOrder(before, refuse, doing),
    );
    if (!changed) return fail('NOT_FOUND', NONE);
    if (isToSettle(changed)) await context.start(order.settleOrder, of);
    return orderOf(changed.after);
  };
}
