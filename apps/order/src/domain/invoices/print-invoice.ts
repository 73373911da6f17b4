import { formatPrice } from '@stoa/contract-kit';
import type { Invoice } from '@stoa/order-contract';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML shows it, in attributes too. Characters that control text or its direction are left out. */
export const escaped = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replaceAll(/[&<>"']/g, (character) => ESCAPES[character]!);

const TITLES: Readonly<Record<Invoice['kind'], string>> = { invoice: 'Invoice', credit_note: 'Credit note' };

const STYLE = `@page { margin: 20mm; }
body { font: 11pt/1.4 sans-serif; color: #000; max-width: 170mm; margin: 0 auto; }
table { width: 100%; border-collapse: collapse; margin: 8mm 0; }
th, td { padding: 1.5mm 2mm; text-align: left; vertical-align: top; }
thead th { border-bottom: 1px solid #000; }
tr { break-inside: avoid; }
.n { text-align: right; white-space: nowrap; }
.total td { border-top: 1px solid #000; font-weight: bold; }
.two { display: flex; justify-content: space-between; gap: 10mm; }`;

const paragraph = (lines: readonly string[]): string => `<p>${lines.map(escaped).join('<br>')}</p>`;

function rowsOf(invoice: Invoice, money: (amount: number) => string): string[] {
  return invoice.lines.map(({ text, sku, quantity, unitPrice, amount }) => {
    const named = sku === null ? escaped(text) : `${escaped(text)}<br><small>${escaped(sku)}</small>`;
    const cells = [quantity ?? '', unitPrice === null ? '' : money(unitPrice), money(amount)];
    return `<tr><td>${named}</td>${cells.map((cell) => `<td class="n">${cell}</td>`).join('')}</tr>`;
  });
}

function sumsOf({ discounts, taxes, net, total, prices, currency }: Invoice, money: (amount: number) => string) {
  const row = (text: string, amount: string, kind = '') =>
    `<tr${kind}><td colspan="3">${escaped(text)}</td><td class="n">${amount}</td></tr>`;
  return [
    ...discounts.map(({ name, amount }) => row(`Discounts in the amounts above: ${name}`, `(${money(amount)})`)),
    row('Without tax', money(net)),
    ...taxes.map(({ name, percent, amount }) =>
      row(`${prices === 'gross' ? 'Included: ' : ''}${name} ${percent} %`, money(amount)),
    ),
    row(`Total ${currency}`, money(total), ' class="total"'),
  ];
}

/** An invoice as a page to be printed: no scripts, nothing that is fetched, and all text escaped. */
export function printInvoice(invoice: Invoice): string {
  const money = (amount: number): string => formatPrice({ amount, currency: invoice.currency });
  const title = `${TITLES[invoice.kind]} ${invoice.number}`;
  const taxNumber = invoice.taxNumber === '' ? [] : [`Tax number ${invoice.taxNumber}`];
  const about = [`Date ${invoice.issuedAt.slice(0, 10)}`, `Order ${invoice.orderNumber}`];
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style></head>
<body>
<div class="two">${paragraph(invoice.buyer)}${paragraph([...invoice.seller, ...taxNumber])}</div>
<h1>${escaped(title)}</h1>
${paragraph(about)}
<table>
<thead><tr><th>Goods</th><th class="n">Pieces</th><th class="n">Price</th><th class="n">${escaped(invoice.currency)}</th></tr></thead>
<tbody>
${[...rowsOf(invoice, money), ...sumsOf(invoice, money)].join('\n')}
</tbody>
</table>
${invoice.note === null ? '' : paragraph([invoice.note])}
</body>
</html>
`;
}
