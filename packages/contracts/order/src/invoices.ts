import { command, CustomerId, Timestamp, withoutLimits } from '@stoa/contract-kit';
import { z } from 'zod';
import { QuoteDiscount, QuoteTax } from './quote.js';

const Amount = z.int().min(0).describe("Minor units of the invoice's currency");
const InvoiceKind = z.enum(['invoice', 'credit_note']);
/** Of a series: letters and digits. */
const Series = z.string().regex(/^[A-Z0-9]{1,10}$/);
/** The series and a number without gaps, such as INV-000042. */
export const InvoiceNumber = z.string().regex(/^[A-Z0-9]{1,10}-\d{6,}$/, 'an invoice number such as INV-000042');

/** A line of an invoice: goods, shipping, or an amount that is given back for no piece. */
export const InvoiceLine = z.object({
  text: z.string(),
  sku: z.string().nullable(),
  quantity: z.int().min(1).nullable(),
  unitPrice: Amount.nullable(),
  amount: Amount.describe('Net where prices are net, with taxes where they are gross; discounts taken off'),
});
export type InvoiceLine = z.infer<typeof InvoiceLine>;

/** An invoice or a credit note as it was issued: nothing of it changes later, whatever happens to order and rules. */
export const Invoice = withoutLimits(
  z.object({
    kind: InvoiceKind,
    orderId: z.uuid(),
    orderNumber: z.string(),
    number: InvoiceNumber,
    issuedAt: Timestamp,
    seller: z.array(z.string()),
    taxNumber: z.string(),
    buyer: z.array(z.string()).describe('Lines of the address'),
    currency: z.string(),
    prices: z.enum(['gross', 'net']),
    lines: z.array(InvoiceLine),
    discounts: z.array(QuoteDiscount),
    taxes: z.array(QuoteTax),
    net: Amount,
    total: Amount,
    note: z.string().nullable().describe('Why no tax is paid, or why money goes back'),
  }),
);
export type Invoice = z.infer<typeof Invoice>;

/** An invoice that has no number yet. */
export type InvoiceDraft = Omit<Invoice, 'number' | 'issuedAt'>;

const ofDocument = { documentId: z.uuid(), orderId: z.uuid(), customerId: CustomerId };

export const invoiceOperations = {
  takeInvoiceNumber: command({
    summary: 'Give a document the next number of a series: one without gaps, in the bucket of the series',
    caller: 'operator:orders',
    key: 'input.series',
    input: z.object({ series: Series, ...ofDocument }),
    output: z.object({ number: InvoiceNumber, issuedAt: Timestamp }),
  }),
};
