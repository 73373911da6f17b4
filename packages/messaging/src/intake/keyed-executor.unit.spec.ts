import * as fc from 'fast-check';
import { KeyedExecutor } from './keyed-executor.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('KeyedExecutor', () => {
  it('lets a key that waits hold up no other', async () => {
    const executor = new KeyedExecutor(4);
    const held = Promise.withResolvers<void>();
    const done: string[] = [];
    const task =
      (name: string, wait: Promise<void> = Promise.resolve()) =>
      async () => {
        await wait;
        done.push(name);
      };
    executor.submit('a', task('a1', held.promise));
    executor.submit('a', task('a2'));
    executor.submit('b', task('b1'));
    executor.submit(null, task('n1'));
    await turn();
    expect(done.toSorted()).toEqual(['b1', 'n1']);
    expect(executor.size).toBe(2);
    held.resolve();
    await turn();
    expect(done.slice(2)).toEqual(['a1', 'a2']);
    expect(executor.size).toBe(0);
  });

  it('runs each key in order and one at a time, all of them, never more at once than allowed', async () => {
    const tasks = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c', null), turns: fc.nat({ max: 3 }) }), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(tasks, fc.integer({ min: 1, max: 5 }), async (given, most) => {
        const executor = new KeyedExecutor(most);
        const ended = new Map<string, number[]>();
        const busy = new Set<string>();
        let [running, peak] = [0, 0];
        given.forEach(({ key, turns }, i) => {
          executor.submit(key, async () => {
            if (key !== null && busy.has(key)) throw new Error(`two of ${key} at once`);
            if (key !== null) busy.add(key);
            running += 1;
            peak = Math.max(peak, running);
            for (let n = 0; n < turns; n += 1) await turn();
            running -= 1;
            if (key !== null) busy.delete(key);
            ended.set(String(key), [...(ended.get(String(key)) ?? []), i]);
          });
        });
        while (executor.size > 0) await turn();
        expect([...ended.values()].flat()).toHaveLength(given.length);
        expect(peak).toBeLessThanOrEqual(most);
        for (const [key, order] of ended) if (key !== 'null') expect(order).toEqual(order.toSorted((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });

  it('keeps its order over thousands of tasks', async () => {
    const executor = new KeyedExecutor(2);
    const order: number[] = [];
    for (let i = 0; i < 5_000; i += 1) executor.submit(null, async () => void order.push(i));
    while (executor.size > 0) await turn();
    expect(order).toEqual(Array.from({ length: 5_000 }, (_, i) => i));
  });

  describe('with owners', () => {
    const never = (): Promise<void> => new Promise(() => undefined);

    it('lets an owner whose tasks never end hold up no other', async () => {
      const executor = new KeyedExecutor(8);
      const done: string[] = [];
      for (let n = 0; n < 50; n += 1) executor.submit(`slow ${n}`, never, 'slow');
      expect(executor.running).toBe(6);
      for (let n = 0; n < 20; n += 1) executor.submit(`well ${n}`, async () => void done.push(`${n}`), 'well');
      for (let n = 0; n < 20; n += 1) executor.submit(null, async () => void done.push(`${n}`));
      while (done.length < 40) await turn();
      expect(executor.size).toBe(50);
    });

    it('runs what it held back, in its order, as the owner’s tasks end', async () => {
      const executor = new KeyedExecutor(4);
      const order: number[] = [];
      const first = Promise.withResolvers<void>();
      for (let n = 0; n < 3; n += 1) executor.submit(null, () => first.promise, 'a');
      for (let n = 0; n < 30; n += 1) executor.submit(null, async () => void order.push(n), 'a');
      await turn();
      expect(order).toEqual([]);
      first.resolve();
      while (executor.size > 0) await turn();
      expect(order).toEqual(Array.from({ length: 30 }, (_, n) => n));
    });

    it('counts a task to the owner that it turns out to wait for, and says when that one’s share is used up', async () => {
      const executor = new KeyedExecutor(8);
      const allowed: boolean[] = [];
      for (let n = 0; n < 8; n += 1) {
        executor.submit(null, async (slot) => {
          const may = slot.use('slow');
          allowed.push(may);
          if (may) await never();
        });
      }
      await turn();
      expect(allowed.filter(Boolean)).toHaveLength(6);
      let done = false;
      executor.submit(null, async (slot) => void (done = slot.use('well')));
      await turn();
      expect(done).toBe(true);
    });
  });

  it('gives the place of a task that pauses to others, and none of its key', async () => {
    const executor = new KeyedExecutor(1);
    const order: string[] = [];
    executor.submit('a', async (slot) => {
      order.push('a1 begins');
      await slot.pause(1);
      order.push('a1 goes on');
    });
    executor.submit('a', async () => void order.push('a2'));
    executor.submit('b', async () => void order.push('b'));
    await turn();
    expect(order.slice(0, 2)).toEqual(['a1 begins', 'b']);
    while (executor.size > 0) await turn();
    expect(order).toEqual(['a1 begins', 'b', 'a1 goes on', 'a2']);
    expect(executor.running).toBe(0);
  });
});
