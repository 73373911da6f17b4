/** Exact arithmetic on minor units: bigint inside, safe integers outside, no floating point between. */

/** `numerator / denominator` to the nearest integer, halves up. For what is not negative. */
export function roundHalfUp(numerator: bigint, denominator: bigint): number {
  if (numerator < 0n || denominator <= 0n) throw new RangeError('Only what is not negative is rounded here');
  return Number((2n * numerator + denominator) / (2n * denominator));
}

/** Per cent in decimal digits as millionths of the whole: "8.875" to 88750n. */
export function millionths(percent: string): bigint {
  const [whole = '', fraction = ''] = percent.split('.');
  return BigInt(whole + fraction.padEnd(4, '0'));
}

export const WHOLE = 1_000_000n;

export const sum = (amounts: Iterable<number>): number => {
  let total = 0;
  for (const amount of amounts) total += amount;
  return total;
};

/**
 * Splits `total` in proportion to `weights`, by largest remainder: the parts sum to the total, each is within one minor
 * unit of its exact share, and none is above its weight if the total is not above their sum. Of equal remainders the
 * first is favoured. All weights 0: all parts are 0, and the total has to be 0.
 */
export function allocate(total: number, weights: readonly number[]): number[] {
  const whole = weights.reduce((all, weight) => all + BigInt(weight), 0n);
  if (total < 0 || weights.some((weight) => weight < 0)) throw new RangeError('Only what is not negative is split');
  if (whole === 0n) {
    if (total !== 0) throw new RangeError('Nothing to split by');
    return weights.map(() => 0);
  }
  const shares = weights.map((weight) => BigInt(total) * BigInt(weight));
  const parts = shares.map((share) => Number(share / whole));
  const left = total - sum(parts);
  const byRemainder = shares
    .map((share, n) => ({ n, remainder: share % whole }))
    .toSorted((a, b) => (a.remainder === b.remainder ? a.n - b.n : a.remainder > b.remainder ? -1 : 1));
  for (const { n } of byRemainder.slice(0, left)) parts[n] = parts[n]! + 1;
  return parts;
}
