import { PartBounds, type Entry } from './shard-limiters.js';

const SETTINGS = { start: 8, min: 2, max: 8, targetWaitMs: 100 };

const enterAll = (bounds: PartBounds, key?: string): Entry[] => {
  const entries: Entry[] = [];
  for (let entry = bounds.enter(key); entry; entry = bounds.enter(key)) entries.push(entry);
  return entries;
};

describe('PartBounds', () => {
  it('is one bound while replies name no part', () => {
    const bounds = new PartBounds(SETTINGS);
    bounds.learn('ada', 'catalog-1');
    expect(enterAll(bounds, 'ada')).toHaveLength(8);
    expect(bounds.enter('bob')).toBeUndefined();
    expect(bounds.hasRoom).toBe(false);
  });

  it('bounds the requests of each part by themselves once replies have named them', () => {
    const changes: unknown[] = [];
    const bounds = new PartBounds(SETTINGS, (part, bound) => changes.push([part, bound]));
    bounds.learn('ada', 'cart-1@shard1');
    bounds.learn('bob', 'cart-2@shard2');
    const stuck = enterAll(bounds, 'ada');
    expect(stuck).toHaveLength(8);
    expect(bounds.hasRoom).toBe(true);
    expect(enterAll(bounds, 'bob')).toHaveLength(8);
    expect(bounds.hasRoom).toBe(false);
    for (const entry of stuck) entry.leave(null);
    expect(changes).toEqual([['shard1', 6]]);
  });

  it('follows a key that moved, and takes what came from several parts for neither', () => {
    const bounds = new PartBounds(SETTINGS);
    bounds.learn('ada', 'cart-1@shard1');
    bounds.learn('ada', 'cart-1@shard1,shard2');
    enterAll(bounds, 'ada');
    bounds.learn('ada', 'cart-1@shard2');
    expect(bounds.enter('ada')).toBeDefined();
    expect(bounds.enter(undefined)).toBeDefined();
  });

  it('keeps room for others only where there are others: of several parts, none has more than the most', () => {
    const bounds = new PartBounds(SETTINGS, undefined, 5);
    expect(enterAll(bounds, 'ada').map((entry) => entry.end())).toHaveLength(8);
    bounds.learn('ada', 'cart-1@shard1');
    expect(enterAll(bounds, 'ada').map((entry) => entry.end())).toHaveLength(8);
    bounds.learn('bob', 'cart-1@shard2');
    expect(enterAll(bounds, 'ada')).toHaveLength(5);
    expect(bounds.hasRoom).toBe(true);
    expect(enterAll(bounds, 'bob')).toHaveLength(5);
    expect(bounds.hasRoom).toBe(false);
  });
});
