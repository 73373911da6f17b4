import * as fc from 'fast-check';
import { allocate, millionths, roundHalfUp, sum } from './money.js';

describe('money', () => {
  it('rounds halves up, and to the nearest otherwise', () => {
    expect([1n, 2n, 3n, 4n, 5n, 6n].map((n) => roundHalfUp(n, 4n))).toEqual([0, 1, 1, 1, 1, 2]);
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), fc.bigInt({ min: 1n, max: 10n ** 6n }), (a, b) => {
        const distance = 2n * (BigInt(roundHalfUp(a, b)) * b - a);
        expect(-b < distance && distance <= b).toBe(true);
      }),
    );
  });

  it('reads per cent exactly', () => {
    expect(['0', '19', '8.875', '0.0001', '100'].map(millionths)).toEqual([0n, 190_000n, 88_750n, 1n, 1_000_000n]);
  });

  it('gives the units that are left over to the largest remainders', () => {
    expect(allocate(100, [1, 1, 1])).toEqual([34, 33, 33]);
    expect(allocate(10, [5, 3, 3])).toEqual([4, 3, 3]);
    expect(allocate(0, [0, 0])).toEqual([0, 0]);
    expect(() => allocate(1, [0, 0])).toThrow(RangeError);
  });

  it('splits into parts that sum to the whole, each within one unit of its share and none above its weight', () => {
    const weights = fc.array(fc.nat(1_000_000_000_000), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, noNaN: true }), (given, part) => {
        const whole = sum(given);
        const total = Math.floor(whole * part);
        const parts = allocate(total, given);
        expect(sum(parts)).toBe(total);
        for (const [n, each] of parts.entries()) {
          expect(each).toBeLessThanOrEqual(given[n]!);
          if (whole === 0) continue;
          const error = BigInt(each) * BigInt(whole) - BigInt(total) * BigInt(given[n]!);
          expect(error < BigInt(whole) && -error < BigInt(whole)).toBe(true);
        }
      }),
    );
  });
});
