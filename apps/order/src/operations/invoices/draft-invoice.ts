import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { InvoiceDraft, order, ShopSettings } from '@stoa/order-contract';
import { buyerOf } from '../../domain/invoices/buyer-of.js';
import { draftCreditNote, draftInvoice, type Invoiced } from '../../domain/invoices/draft-invoice.js';
import type { OrderState } from '../../domain/order-state.js';
import { splitOf } from '../../domain/refunds/split-of.js';
import { Invoices } from '../../storage/invoices.js';
import { Orders } from '../../storage/orders.js';
import { ShopRules } from '../../storage/shop-rules.js';

type DraftInvoiceHandler = Handler<typeof order.draftInvoice>;

const invoicedOf = ({ orderId, number, quote, billingAddress, shippingAddress }: OrderState): Invoiced => ({
  orderId,
  number,
  quote,
  buyer: buyerOf(billingAddress ?? shippingAddress),
});

/** The credit note of a refund; undefined: the order has no such refund, or it came to nothing. */
function creditNoteOf(found: OrderState, refundId: string, settings: ShopSettings): InvoiceDraft | undefined {
  const refund = found.refunds.find((each) => each.refundId === refundId && each.status !== 'failed');
  return refund && draftCreditNote(invoicedOf(found), splitOf(found.quote, refund), refund.reason, settings);
}

@Injectable()
export class DraftInvoice implements DraftInvoiceHandler {
  constructor(
    private readonly orders: Orders,
    private readonly invoices: Invoices,
    private readonly rules: ShopRules,
  ) {}

  readonly handle: DraftInvoiceHandler['handle'] = async (input, { tx, bucket, fail }) => {
    const { documentId, orderId, customerId, refundId } = input;
    const found =
      (await this.orders.lock(tx, bucket, customerId, orderId)) ?? fail('NOT_FOUND', 'There is no such order.');
    const known = await this.invoices.seriesOf(tx, bucket, documentId);
    if (known !== undefined) return { series: known };
    if (found.placedAt === null) return fail('NOT_INVOICEABLE', 'The order was not placed.');
    const { settings } = await this.rules.copyIn(tx);
    const draft =
      refundId === undefined ? draftInvoice(invoicedOf(found), settings) : creditNoteOf(found, refundId, settings);
    if (!draft) return fail('NOT_FOUND', 'The order has no such refund.');
    const series = refundId === undefined ? settings.invoiceSeries : settings.creditNoteSeries;
    await this.invoices.add(tx, bucket, { documentId, customerId, series, draft });
    return { series };
  };
}
