import { Invoice } from '@stoa/order-contract';
import * as fc from 'fast-check';
import { anInput, aProduct, inputs, productsOf, theRules } from '../../../test/pricing-arbitraries.js';
import { sum } from '../pricing/money.js';
import { price } from '../pricing/price.js';
import { planRefund } from '../refunds/plan-refund.js';
import { draftCreditNote, draftInvoice } from './draft-invoice.js';
import { printInvoice } from './print-invoice.js';

const issued = { number: 'INV-000042', issuedAt: '2026-12-01T12:00:00Z' };
const ORDER = '019b0000-0000-7000-8000-00000000000a';
const { settings } = theRules();
const orderOf = (quote: ReturnType<typeof price>, buyer = ['Ada Lovelace', '12 Dorset St']) => ({
  orderId: ORDER,
  number: 'A1B2',
  quote,
  buyer,
});
const amounts = (parts: readonly { readonly amount: number }[]): number => sum(parts.map(({ amount }) => amount));

describe('invoices', () => {
  it('sum to what was paid, and to the taxes in it', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const quote = price(input);
        const invoice = { ...draftInvoice(orderOf(quote), settings), ...issued };
        expect(Invoice.safeParse(invoice).error).toBeUndefined();
        expect(invoice.total).toBe(quote.total);
        expect(invoice.net + amounts(invoice.taxes)).toBe(invoice.total);
        const exempted = sum(
          [...quote.lines, ...(quote.shipping ? [quote.shipping] : [])].map((each) => each.exempted),
        );
        expect(amounts(invoice.lines)).toBe((invoice.prices === 'gross' ? invoice.total : invoice.net) + exempted);
      }),
    );
  });

  it('of refunds sum to what goes back', () => {
    fc.assert(
      fc.property(inputs, fc.integer({ min: 1, max: 1000 }), (input, amount) => {
        const quote = price(input);
        const refund = planRefund(quote, [], { lines: [], amount }, quote.total);
        if ('refused' in refund) return;
        const note = { ...draftCreditNote(orderOf(quote), refund, 'Scratched', settings), ...issued };
        expect(Invoice.safeParse(note).error).toBeUndefined();
        expect(note).toMatchObject({ kind: 'credit_note', total: amount, note: 'Scratched' });
        expect(note.net + amounts(note.taxes)).toBe(amount);
        expect(amounts(note.lines)).toBe(note.prices === 'gross' ? amount : note.net);
      }),
    );
  });
});

describe('an invoice as a page', () => {
  const products = productsOf(
    aProduct('SKU-0', { title: '<script>alert(1)</script> & "co"', price: { amount: 1050, currency: 'EUR' } }),
  );
  const quote = price(anInput({ products, lines: [{ sku: 'SKU-0', quantity: 2 }] }));
  const page = (buyer?: string[]) => printInvoice({ ...draftInvoice(orderOf(quote, buyer), settings), ...issued });

  it('has all amounts in decimals of the currency', () => {
    for (const text of [
      'INV-000042',
      '2026-12-01',
      'A1B2',
      '10.50',
      '21.00',
      '4.90',
      '25.90',
      'Included: VAT 19 %',
      '4.13',
    ])
      expect(page()).toContain(text);
    const yen = printInvoice({ ...draftInvoice(orderOf({ ...quote, currency: 'JPY' }), settings), ...issued });
    expect(yen).toContain('2590');
    expect(yen).not.toContain('25.90');
  });

  it('escapes what people wrote, and has no script and nothing that is fetched', () => {
    expect(page()).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;co&quot;');
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', 'a', '\u202e') })), (buyer) => {
        const tags = page(buyer).replaceAll(
          /<\/?(?:html|head|meta|title|style|body|div|p|h1|table|thead|tbody|tr|th|td|br|small|!doctype)[^<>]*>/g,
          '',
        );
        expect(tags).not.toMatch(/[<>\u202e]/);
      }),
    );
    expect(page()).not.toMatch(/<script|src=|href=|url\(|@import/i);
  });
});
