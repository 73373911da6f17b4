import { exponentOf } from '@stoa/contract-kit';

/** Stripe's smallest unit is not always that of ISO 4217: these have none at Stripe … */
const NO_DECIMALS = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '));
/** … and of three decimals the last must be 0. */
const THREE_DECIMALS = new Set('BHD JOD KWD OMR TND'.split(' '));

const stripeDecimals = (currency: string): number =>
  NO_DECIMALS.has(currency) ? 0 : THREE_DECIMALS.has(currency) ? 3 : 2;

/** An amount in Stripe's smallest unit; undefined where Stripe can't take it exactly. */
export function toStripeAmount(amount: number, currency: string): number | undefined {
  const converted = scaled(amount, stripeDecimals(currency) - exponentOf(currency));
  if (converted === undefined) return undefined;
  return THREE_DECIMALS.has(currency) && converted % 10 !== 0 ? undefined : converted;
}

/** An amount of Stripe's in the shop's minor units. */
export function fromStripeAmount(amount: number, currency: string): number {
  const converted = scaled(amount, exponentOf(currency) - stripeDecimals(currency));
  if (converted === undefined) throw new Error(`${amount} of ${currency} at Stripe is no whole amount here`);
  return converted;
}

/** Multiplied by a power of ten; undefined where that is not whole. */
function scaled(amount: number, exponent: number): number | undefined {
  const factor = 10 ** Math.abs(exponent);
  if (exponent >= 0) return amount * factor;
  return amount % factor === 0 ? amount / factor : undefined;
}
