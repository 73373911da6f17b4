import fc from 'fast-check';
import {
  availableOf,
  changesOf,
  heldBy,
  sumBySku,
  takeHold,
  type Hold,
  type Level,
  type Quantities,
} from './holding.js';
import { settle, type Reported } from './sales.js';

const SKUS = ['a', 'b', 'c'];
const line = fc.record({ sku: fc.constantFrom(...SKUS), quantity: fc.integer({ min: 1, max: 4 }) });
const lines = fc.array(line, { minLength: 1, maxLength: 5 });

const sum = (all: readonly Quantities[], sku: string): number =>
  all.reduce((total, each) => total + (each.get(sku) ?? 0), 0);

describe('holding', () => {
  it('never holds more than there is, and what is reserved is the sum of the holds', () => {
    const step = fc.record({ order: fc.integer({ min: 0, max: 4 }), lines });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.array(fc.nat(6), { minLength: 3, maxLength: 3 }),
        (steps, stocks) => {
          const levels = new Map<string, Level>(
            SKUS.map((sku, n) => [sku, { stock: stocks[n] ?? 0, reserved: 0, oversell: false, active: true }]),
          );
          const held = new Map<number, Quantities>();
          for (const { order, lines: wanted } of steps) {
            const before = held.get(order) ?? new Map<string, number>();
            const outcome = takeHold(levels, before, sumBySku(wanted));
            if (outcome.kind === 'held') held.set(order, sumBySku(wanted));
            else expect(outcome.kind).toBe('short');
            for (const [sku, level] of levels) {
              expect(level.reserved).toBe(sum([...held.values()], sku));
              expect(level.reserved).toBeLessThanOrEqual(level.stock);
            }
          }
        },
      ),
    );
  });

  it('says of each short SKU how many there are, and takes nothing then', () => {
    const levels = new Map<string, Level>([
      ['a', { stock: 5, reserved: 4, oversell: false, active: true }],
      ['b', { stock: 5, reserved: 0, oversell: false, active: true }],
    ]);
    const wanted = new Map([
      ['a', 3],
      ['b', 1],
    ]);
    const short = [{ sku: 'a', wanted: 3, available: 2 }];
    expect(takeHold(levels, new Map([['a', 1]]), wanted)).toEqual({ kind: 'short', lines: short });
    expect([...levels.values()].map(({ reserved }) => reserved)).toEqual([4, 0]);
    expect(takeHold(levels, new Map(), new Map([['other', 1]]))).toEqual({ kind: 'unknown', sku: 'other' });
  });

  it('counts a stock below zero as none', () => {
    expect(availableOf({ stock: -3, reserved: 0, oversell: false, active: true })).toBe(0);
  });

  it('knows what changes from one hold to another', () => {
    expect(changesOf(new Map([['a', 2]]), new Map([['b', 1]]))).toEqual(
      new Map([
        ['b', 1],
        ['a', -2],
      ]),
    );
    expect(changesOf(new Map([['a', 2]]), new Map([['a', 2]]))).toEqual(new Map());
  });
});

describe('what is reported of an order', () => {
  const reported: fc.Arbitrary<Reported> = fc.oneof(
    fc.record({ what: fc.constantFrom('placed' as const, 'cancelled' as const, 'restocked' as const), lines }),
    fc.constant({ what: 'refused' as const }),
  );

  it('sells once, frees once and puts back no more than was sold, in whatever order it comes', () => {
    fc.assert(
      fc.property(fc.option(lines), fc.array(reported, { maxLength: 12 }), (first, reports) => {
        const aHold = (status: Hold['status'], quantities: Quantities): Hold => ({
          status,
          quantities,
          until: new Date(0),
          isOver: false,
        });
        let hold = first ? aHold('held', sumBySku(first)) : undefined;
        const held = heldBy(hold);
        let [sales, ended] = [0, false];
        const [stock, reserved] = [new Map<string, number>(), new Map<string, number>()];
        for (const each of reports) {
          const settled = settle(hold, each);
          if (!settled) continue;
          expect(ended).toBe(false);
          if (hold?.status !== 'sold' && settled.status === 'sold') sales += 1;
          for (const [sku, n] of settled.stock) stock.set(sku, (stock.get(sku) ?? 0) + n);
          for (const [sku, n] of settled.reserved) reserved.set(sku, (reserved.get(sku) ?? 0) + n);
          hold = aHold(settled.status, settled.quantities);
          ended = settled.status === 'ended';
          // The pieces with the buyer and those in stock are all there are.
          for (const sku of SKUS) {
            expect(stock.get(sku) ?? 0).toBeLessThanOrEqual(0);
            if (!ended)
              expect(0 - (stock.get(sku) ?? 0)).toBe(hold.status === 'sold' ? (hold.quantities.get(sku) ?? 0) : 0);
          }
        }
        expect(sales).toBeLessThanOrEqual(1);
        const isSettled = hold?.status === 'sold' || hold?.status === 'ended';
        for (const [sku, n] of held) expect(reserved.get(sku) ?? 0).toBe(isSettled ? -n : 0);
      }),
    );
  });
});
