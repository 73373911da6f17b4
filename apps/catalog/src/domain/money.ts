import { exponentOf, MAX_AMOUNT, type Price } from '@stoa/contract-kit';

export { exponentOf, formatPrice, isCurrency } from '@stoa/contract-kit';

/** A price as people write it ("12.5"), exactly: no floating point touches it. Gives the reason when it is none. */
export function parsePrice(text: string, currency: string): Price | { readonly reason: string } {
  const trimmed = text.trim();
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(trimmed);
  if (!match)
    return { reason: `is not a price: ${quoted(text)} (write it like 1234.50, without currency or separators)` };
  const [, sign, whole = '', fraction = ''] = match;
  const exponent = exponentOf(currency);
  const digits = fraction.replace(/0+$/, '');
  if (digits.length > exponent)
    return { reason: `has more decimals than ${currency} has (${exponent}): ${quoted(text)}` };
  const amount = Number(whole + digits.padEnd(exponent, '0'));
  if (sign && amount !== 0) return { reason: `is negative: ${quoted(text)}` };
  return amount <= MAX_AMOUNT ? { amount, currency } : { reason: `is too high: ${quoted(text)}` };
}

/** A cell in a message: cut, and with its white space visible. */
export const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
