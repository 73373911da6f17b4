import { command, CustomerId, DownloadPart, query, Timestamp, withoutLimits } from '@stoa/contract-kit';
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
const notFound = { NOT_FOUND: 404 } as const;

export const invoiceOperations = {
  issueInvoice: command({
    http: 'POST /v1/orders/{orderId}/invoices',
    summary: "Issue an order's invoice, or the credit note of one of its refunds; once each",
    caller: 'operator:orders',
    key: 'input.orderId',
    input: z.object({ orderId: z.uuid(), refundId: z.uuid().optional().describe('A credit note, of this refund') }),
    output: Invoice,
    status: 201,
    location: '/v1/orders/{orderId}/invoices/{number}',
    durable: true,
    errors: { ...notFound, NOT_INVOICEABLE: 409 },
  }),
  listInvoices: query({
    http: 'GET /v1/orders/{orderId}/invoices',
    summary: "Read an order's invoices and credit notes, the oldest first",
    caller: 'anyone',
    input: z.object({ orderId: z.uuid() }),
    output: z.object({ items: z.array(Invoice) }),
    errors: notFound,
  }),
  printInvoice: query({
    http: 'GET /v1/orders/{orderId}/invoices/{number}',
    summary: 'Download an invoice or credit note as a page to be printed',
    caller: 'anyone',
    input: z.object({ orderId: z.uuid(), number: InvoiceNumber }),
    output: DownloadPart,
    download: { filename: 'invoice' },
    errors: notFound,
  }),

  draftInvoice: command({
    summary: "Write an invoice down, in its customer's bucket",
    caller: 'operator:orders',
    key: 'input.customerId',
    input: z.object({ ...ofDocument, refundId: z.uuid().optional() }),
    output: z.object({ series: Series }),
    errors: { ...notFound, NOT_INVOICEABLE: 409 },
  }),
  takeInvoiceNumber: command({
    summary: 'Give a document the next number of a series: one without gaps, in the bucket of the series',
    caller: 'operator:orders',
    key: 'input.series',
    input: z.object({ series: Series, ...ofDocument }),
    output: z.object({ number: InvoiceNumber, issuedAt: Timestamp }),
  }),
  numberInvoice: command({
    summary: 'Put the number on an invoice, which is issued then',
    caller: 'operator:orders',
    key: 'input.customerId',
    input: z.object({ ...ofDocument, number: InvoiceNumber, issuedAt: Timestamp }),
    output: Invoice,
    errors: notFound,
  }),
};
