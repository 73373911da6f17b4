/**
 * Order numbers exist to be said over the phone: three times three characters of Crockford's alphabet, without I, L, O
 * and U. The first two are the bucket, so that a lookup by number goes to one shard; the last one is a check character,
 * over GF(32), which finds each wrong character and each pair that was swapped.
 */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Of the part between the bucket and the check character. */
const BODY = 6;
const LENGTH = 2 + BODY + 1;
/** How many numbers a bucket has. */
export const NUMBERS_PER_BUCKET = 32 ** BODY;

/** Times x modulo x⁵ + x² + 1, of which x is a generator. */
const times = (value: number): number => ((value << 1) ^ (value & 16 ? 0b100101 : 0)) & 31;
/** Zero for digits whose last one is right. */
const syndrome = (digits: readonly number[]): number => digits.reduce((sum, digit) => times(sum) ^ digit, 0);

function digitsOf(value: number, count: number): number[] {
  const digits: number[] = [];
  for (let rest = value; digits.length < count; rest = Math.floor(rest / 32)) digits.unshift(rest % 32);
  return digits;
}

const grouped = (text: string): string => text.replaceAll(/(...)(?=.)/g, '$1-');

/** The number of an order in a bucket. @param body which of the bucket's numbers, below NUMBERS_PER_BUCKET */
export function orderNumber(bucket: number, body: number): string {
  const digits = [...digitsOf(bucket, 2), ...digitsOf(body, BODY)];
  const check = times(syndrome(digits));
  return grouped([...digits, check].map((digit) => ALPHABET[digit]).join(''));
}

/** The number as it is stored, of what somebody wrote down; undefined where a character must be wrong. */
export function readOrderNumber(written: string): string | undefined {
  const text = written.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  const digits = [...text].map((character) => ALPHABET.indexOf(character));
  if (digits.length !== LENGTH || digits.includes(-1) || syndrome(digits) !== 0) return undefined;
  return grouped(text);
}

/** The bucket of an order's number, as `readOrderNumber` gives it. */
export const bucketOfNumber = (number: string): number =>
  ALPHABET.indexOf(number[0] ?? '') * 32 + ALPHABET.indexOf(number[1] ?? '');
