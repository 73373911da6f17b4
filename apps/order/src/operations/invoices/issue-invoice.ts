import { Injectable } from '@nestjs/common';
import { deriveId, type Flow } from '@stoa/messaging';
import { order } from '@stoa/order-contract';
import { Orders } from '../../storage/orders.js';

type IssueInvoiceFlow = Flow<typeof order.issueInvoice>;

/**
 * A durable flow: the document is written down beside its order, then gets a number in the bucket of its series, then
 * is issued. Wherever it dies it goes on, and each step done twice does nothing, so that no number is left without its
 * document.
 */
@Injectable()
export class IssueInvoice implements IssueInvoiceFlow {
  constructor(private readonly orders: Orders) {}

  readonly run: IssueInvoiceFlow['run'] = async ({ orderId, refundId }, { step, fail }) => {
    const found = (await this.orders.find(orderId)) ?? fail('NOT_FOUND', 'There is no such order.');
    const documentId = refundId === undefined ? deriveId(orderId, 'invoice') : deriveId(refundId, 'credit note');
    const document = { documentId, orderId, customerId: found.customerId };
    const { series } = await step('draft', order.draftInvoice, { ...document, refundId });
    const numbered = await step('number', order.takeInvoiceNumber, { ...document, series });
    return step('issue', order.numberInvoice, { ...document, ...numbered });
  };
}
