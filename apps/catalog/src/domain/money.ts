import { MAX_AMOUNT, type Price } from '@stoa/contract-kit';

// ISO 4217's minor units where they are not 2. Intl knows other digits for some currencies (CLDR's, those of daily
// use).
const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
  ...'CLF UYW'.split(' ').map((code) => [code, 4] as const),
]);
const CURRENCIES: ReadonlySet<string> = new Set([...Intl.supportedValuesOf('currency'), ...EXPONENTS.keys()]);

/** Whether ISO 4217 or this runtime knows the currency. */
export const isCurrency = (code: string): boolean => CURRENCIES.has(code);

/** How many decimals a currency has: 2 for EUR, 0 for JPY, 3 for KWD. */
export const exponentOf = (currency: string): number => EXPONENTS.get(currency) ?? 2;

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

/** The opposite of parsePrice: `1250` cents to "12.50". */
export function formatPrice({ amount, currency }: Price): string {
  const exponent = exponentOf(currency);
  if (exponent === 0) return String(amount);
  const digits = String(amount).padStart(exponent + 1, '0');
  return `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/** A cell in a message: cut, and with its white space visible. */
export const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
