import type { Money } from './words.js';

/**
 * ISO 4217's minor units where they are not 2. Intl is no source of them: it has CLDR's digits of daily use, which are
 * 0 for HUF, IDR and fifteen more, while banks and payment providers count in ISO's.
 */
const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
  ...'CLF UYW'.split(' ').map((code) => [code, 4] as const),
]);

/** All currencies that ISO 4217 or this runtime knows. */
export const CURRENCIES: ReadonlySet<string> = new Set([...Intl.supportedValuesOf('currency'), ...EXPONENTS.keys()]);

/** Whether ISO 4217 or this runtime knows the currency. */
export const isCurrency = (code: string): boolean => CURRENCIES.has(code);

/** How many decimals a currency has: 2 for EUR, 0 for JPY, 3 for KWD. */
export const exponentOf = (currency: string): number => EXPONENTS.get(currency) ?? 2;

/** Money as people write it, exactly: `1250` cents to "12.50". */
export function formatPrice({ amount, currency }: Money): string {
  const exponent = exponentOf(currency);
  if (exponent === 0) return String(amount);
  const digits = String(Math.abs(amount)).padStart(exponent + 1, '0');
  return `${amount < 0 ? '-' : ''}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}
