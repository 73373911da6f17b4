import { invalid } from '../http/errors.js';

/** Stripe's own: where its smallest unit is not what ISO 4217 says, Stripe's holds here. */
const NO_DECIMALS = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '));
const THREE_DECIMALS = new Set('bhd jod kwd omr tnd'.split(' '));

const decimalsOf = (currency: string): number => (NO_DECIMALS.has(currency) ? 0 : THREE_DECIMALS.has(currency) ? 3 : 2);

/** Checks an amount as Stripe does. */
export function checkedAmount(amount: number, currency: string, name = 'amount'): number {
  if (amount < 1) throw invalid('This value must be greater than or equal to 1.', name, 'parameter_invalid_integer');
  if (amount > 999_999_999_999) throw invalid('Amount is too large', name, 'amount_too_large');
  if (THREE_DECIMALS.has(currency) && amount % 10 !== 0) {
    throw invalid(`Amounts in ${currency} must end in 0`, name, 'parameter_invalid_integer');
  }
  return amount;
}

export function checkedCurrency(currency: string): string {
  const lower = currency.toLowerCase();
  if (!/^[a-z]{3}$/.test(lower) || !Intl.supportedValuesOf('currency').includes(lower.toUpperCase())) {
    throw invalid(`Invalid currency: ${currency}`, 'currency');
  }
  return lower;
}

/** "12.34 EUR". */
export function amountText(amount: number, currency: string): string {
  const decimals = decimalsOf(currency);
  return `${(amount / 10 ** decimals).toFixed(decimals)} ${currency.toUpperCase()}`;
}
