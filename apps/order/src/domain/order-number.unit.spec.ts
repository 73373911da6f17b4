import * as fc from 'fast-check';
import { bucketOfNumber, NUMBERS_PER_BUCKET, orderNumber, readOrderNumber } from './order-number.js';

const numbers = fc
  .tuple(fc.integer({ min: 0, max: 1023 }), fc.integer({ min: 0, max: NUMBERS_PER_BUCKET - 1 }))
  .map(([bucket, body]) => ({ bucket, number: orderNumber(bucket, body) }));
const ALPHABET = [...'0123456789ABCDEFGHJKMNPQRSTVWXYZ'];

describe('an order number', () => {
  it('is short, without letters that are taken for others, and names its bucket', () => {
    fc.assert(
      fc.property(numbers, ({ bucket, number }) => {
        expect(number).toMatch(/^[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}$/);
        expect(bucketOfNumber(number)).toBe(bucket);
      }),
    );
  });

  it('is understood as people write it', () => {
    fc.assert(
      fc.property(numbers, ({ number }) => {
        const written = number.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l');
        expect(readOrderNumber(written)).toBe(number);
        expect(readOrderNumber(number.replaceAll('-', ''))).toBe(number);
      }),
    );
  });

  it('with a wrong character is none', () => {
    fc.assert(
      fc.property(numbers, fc.nat(10), fc.constantFrom(...ALPHABET), ({ number }, at, other) => {
        fc.pre(number[at] !== '-' && number[at] !== other);
        expect(readOrderNumber(number.slice(0, at) + other + number.slice(at + 1))).toBeUndefined();
      }),
    );
  });

  it('with two characters swapped is none', () => {
    fc.assert(
      fc.property(numbers, fc.nat(8), fc.nat(8), ({ number }, a, b) => {
        const characters = [...number.replaceAll('-', '')];
        fc.pre(characters[a] !== characters[b]);
        [characters[a], characters[b]] = [characters[b]!, characters[a]!];
        expect(readOrderNumber(characters.join(''))).toBeUndefined();
      }),
    );
  });

  it.each(['', '123', 'ABC-DEF-GHJK', '000-000-00U', 'née-né-nén'])('is not "%s"', (text) => {
    expect(readOrderNumber(text)).toBeUndefined();
  });
});
