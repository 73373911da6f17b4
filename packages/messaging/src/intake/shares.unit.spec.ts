import * as fc from 'fast-check';
import { Shares } from './shares.js';

/** Takes as many as it gets. */
const takeAll = (shares: Shares, ...owners: string[]): number[] => {
  const taken = owners.map(() => 0);
  for (let took = true; took;) {
    took = false;
    owners.forEach((owner, n) => {
      if (!shares.mayTake(owner)) return;
      shares.take(owner);
      taken[n] = (taken[n] ?? 0) + 1;
      took = true;
    });
  }
  return taken;
};

describe('Shares', () => {
  it('gives an owner who never gives back three quarters, two less each, and leaves some to the others', () => {
    expect(takeAll(new Shares(256), 'a')).toEqual([192]);
    expect(takeAll(new Shares(256), 'a', 'b')).toEqual([110, 110]);
    expect(takeAll(new Shares(256), 'a', 'b', 'c')).toEqual([77, 77, 77]);
  });

  it('gives whoever has no owner all that is free', () => {
    const shares = new Shares(4);
    for (let n = 0; n < 4; n += 1) {
      expect(shares.mayTake(undefined)).toBe(true);
      shares.take(undefined);
    }
    expect(shares.mayTake(undefined)).toBe(false);
  });

  it('keeps nobody out whose part is small because all is busy', () => {
    const shares = new Shares(100);
    takeAll(shares, 'a');
    for (let n = 0; n < 24; n += 1) shares.take(undefined);
    expect(shares.mayTake('a')).toBe(false);
    expect(shares.mayTake('b')).toBe(true);
  });

  it('never gives more than there are, and has a place for a new owner while owners alone take them', () => {
    const owners = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 500 });
    fc.assert(
      fc.property(owners, fc.integer({ min: 20, max: 60 }), (wanted, places) => {
        const shares = new Shares(places);
        for (const owner of wanted) if (shares.mayTake(owner)) shares.take(owner);
        expect(shares.total).toBeLessThan(places);
        expect(shares.mayTake('new')).toBe(true);
      }),
    );
  });

  it('counts what is given back', () => {
    const shares = new Shares(8);
    takeAll(shares, 'a');
    for (let n = 0; n < 6; n += 1) shares.giveBack('a');
    expect(shares.total).toBe(0);
    expect(takeAll(shares, 'b')).toEqual([6]);
  });
});
