import type { InvoiceDraft, InvoiceLine, Quote, RefundSplit, ShopSettings } from '@stoa/order-contract';
import { sum } from '../pricing/money.js';

/** As much of an order as an invoice needs. */
export interface Invoiced {
  readonly orderId: string;
  readonly number: string;
  readonly quote: Quote;
  /** Lines of the address. */
  readonly buyer: readonly string[];
}

const headOf = ({ orderId, number, quote, buyer }: Invoiced, { seller, taxNumber }: ShopSettings) => ({
  orderId,
  orderNumber: number,
  seller,
  taxNumber,
  buyer: [...buyer],
  currency: quote.currency,
  prices: quote.prices,
});

/** The invoice of a whole order, as its quote says. */
export function draftInvoice(order: Invoiced, settings: ShopSettings): InvoiceDraft {
  const { quote } = order;
  const lines = quote.lines.map(({ title, sku, quantity, unitPrice, amount }): InvoiceLine => {
    return { text: title, sku, quantity, unitPrice, amount };
  });
  const { shipping } = quote;
  if (shipping)
    lines.push({ text: shipping.name, sku: null, quantity: null, unitPrice: null, amount: shipping.amount });
  const { discounts, taxes, net, total, exemption } = quote;
  return { ...headOf(order, settings), kind: 'invoice', lines, discounts, taxes, net, total, note: exemption };
}

/** Taxes of the parts of a refund, summed by rate. */
function taxesOf({ parts }: RefundSplit): InvoiceDraft['taxes'] {
  const byRate = new Map<string, InvoiceDraft['taxes'][number]>();
  for (const tax of parts.flatMap(({ taxes }) => taxes)) {
    const known = byRate.get(tax.rate)?.amount ?? 0;
    byRate.set(tax.rate, { ...tax, amount: known + tax.amount });
  }
  return [...byRate.values()];
}

/** The credit note of a refund, as it was split. */
export function draftCreditNote(
  order: Invoiced,
  refund: RefundSplit,
  reason: string,
  settings: ShopSettings,
): InvoiceDraft {
  const { quote } = order;
  const lines = refund.parts.map(({ line, quantity, net, amount }): InvoiceLine => {
    const ofLine = line === null ? undefined : quote.lines[line];
    const text = ofLine?.title ?? quote.shipping?.name ?? '';
    const shown = quote.prices === 'gross' ? amount : net;
    return { text, sku: ofLine?.sku ?? null, quantity: quantity || null, unitPrice: null, amount: shown };
  });
  const net = sum(refund.parts.map((part) => part.net));
  const head = headOf(order, settings);
  return {
    ...head,
    kind: 'credit_note',
    lines,
    discounts: [],
    taxes: taxesOf(refund),
    net,
    total: refund.amount,
    note: reason,
  };
}
