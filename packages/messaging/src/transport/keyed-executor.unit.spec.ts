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
});
