import { Injectable } from '@nestjs/common';
import { OperationError } from '@stoa/contract-kit';
import type { Flow, FlowContext } from '@stoa/messaging';
import { order, type OrderWork } from '@stoa/order-contract';
import { payment } from '@stoa/payment-contract';
import { Orders } from '../../storage/orders.js';

/** An operator names an order by its id: who its customer is says the order itself, and so which bucket it is in. */
@Injectable()
export class OrderWorks {
  constructor(private readonly orders: Orders) {}

  async customerOf(orderId: string, { fail }: { fail(code: 'NOT_FOUND', detail: string): never }): Promise<string> {
    return (await this.orders.find(orderId))?.customerId ?? fail('NOT_FOUND', 'There is no such order');
  }

  /** Does one thing to an order, in a transaction of its own. */
  async do(orderId: string, what: OrderWork, flow: Pick<FlowContext<typeof order.workOnOrder>, 'step' | 'fail'>) {
    const customerId = await this.customerOf(orderId, flow);
    return flow.step('work', order.workOnOrder, { customerId, orderId, what });
  }
}

type ShipItemsFlow = Flow<typeof order.shipItems>;

@Injectable()
export class ShipItems implements ShipItemsFlow {
  constructor(private readonly works: OrderWorks) {}

  readonly run: ShipItemsFlow['run'] = ({ orderId, ...parcel }, flow) =>
    this.works.do(orderId, { work: 'ship', id: flow.stepId('parcel'), ...parcel }, flow);
}

type CompleteOrderFlow = Flow<typeof order.completeOrder>;

@Injectable()
export class CompleteOrder implements CompleteOrderFlow {
  constructor(private readonly works: OrderWorks) {}

  readonly run: CompleteOrderFlow['run'] = ({ orderId }, flow) => this.works.do(orderId, { work: 'complete' }, flow);
}

type ReturnItemsFlow = Flow<typeof order.returnItems>;

@Injectable()
export class ReturnItems implements ReturnItemsFlow {
  constructor(private readonly works: OrderWorks) {}

  readonly run: ReturnItemsFlow['run'] = ({ orderId, ...back }, flow) =>
    this.works.do(orderId, { work: 'take_back', id: flow.stepId('return'), ...back }, flow);
}

type RefundOrderFlow = Flow<typeof order.refundOrder>;

/**
 * A durable flow: the refund is planned, guarded by what is left, then asked of payment under its id. Payment's event
 * says how it ended.
 */
@Injectable()
export class RefundOrder implements RefundOrderFlow {
  constructor(private readonly works: OrderWorks) {}

  readonly run: RefundOrderFlow['run'] = async ({ orderId, reason, ...request }, flow) => {
    const refundId = flow.stepId('refund');
    const customerId = await this.works.customerOf(orderId, flow);
    const of = { customerId, orderId };
    const what = { work: 'refund', id: refundId, request, reason } as const;
    const planned = await flow.step('plan', order.workOnOrder, { ...of, what });
    const { amount, split } = planned.refunds.find((each) => each.refundId === refundId)!;
    const money = { amount, currency: planned.quote.currency };
    try {
      await flow.call('refund', payment.refund, { ...of, refundId, amount: money, reason });
    } catch (error) {
      if (!(error instanceof OperationError) || error.code !== 'REFUND_EXCEEDS_CAPTURE') throw error;
      await flow.step('fail', order.workOnOrder, { ...of, what: { work: 'fail_refund', id: refundId } });
      return flow.fail('REFUND_EXCEEDS_LEFT', 'Payment has no so much of this order left');
    }
    return { refundId, split: split!, order: planned };
  };
}
