import { jest } from '@jest/globals';
import { eventually } from '@stoa/testing';
import { BatchQueue } from './batch-queue.js';

interface Item {
  readonly key: string;
  readonly n: number;
  readonly size?: number;
}

/** A queue whose batches end when the test says so. */
function setUp() {
  const batches: { keys: string[]; end: () => void }[] = [];
  const queue = new BatchQueue<Item>((batch) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    batches.push({ keys: batch.map(({ key, n }) => `${key}${n}`), end: resolve });
    return promise;
  });
  const push = (...keys: string[]): void => keys.forEach((key, n) => queue.push({ key, n }));
  const pushSized = (...items: Item[]): void => items.forEach((item) => queue.push(item));
  return { batches, push, pushSized, seen: () => batches.map(({ keys }) => keys) };
}

const turns = async (): Promise<void> => {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
};

const until = (isSo: () => boolean): Promise<void> => eventually(() => expect(isSo()).toBe(true));

describe('BatchQueue', () => {
  afterEach(() => jest.restoreAllMocks());

  it('makes one batch of the commands of one turn of the event loop', async () => {
    const { push, seen } = setUp();
    push('a', 'b', 'c');
    expect(seen()).toEqual([]);
    await turns();
    expect(seen()).toEqual([['a0', 'b1', 'c2']]);
  });

  it('ends a batch before its inputs are too large, and lets no command overtake one of its key', async () => {
    jest.spyOn(performance, 'now').mockReturnValue(1); // no batch takes long, or the next one begins beside it
    const { batches, pushSized, seen } = setUp();
    const mebibytes = (key: string, n: number, size: number): Item => ({ key, n, size: size * 1024 * 1024 });
    pushSized(mebibytes('a', 0, 3), mebibytes('b', 1, 2), mebibytes('b', 2, 0), mebibytes('c', 3, 9));
    await turns();
    expect(seen()).toEqual([['a0']]);
    for (const [n, next] of [['b1'], ['b2'], ['c3']].entries()) {
      batches[n]?.end();
      await turns();
      expect(batches).toHaveLength(n + 2);
      expect(seen().at(-1)).toEqual(next);
    }
  });

  it('collects behind a batch in work', async () => {
    jest.spyOn(performance, 'now').mockReturnValue(1); // the batch never takes long
    const { batches, push, seen } = setUp();
    push('a');
    await turns();
    push('b');
    await turns();
    push('c');
    await turns();
    expect(seen()).toEqual([['a0']]);
    batches[0]!.end();
    await turns();
    expect(seen()).toEqual([['a0'], ['b0', 'c0']]);
  });

  it('has one command of a key at a time, in their order', async () => {
    const { batches, push, seen } = setUp();
    push('a', 'a', 'b', 'a');
    for (let n = 0; n < 3; n++) {
      await turns();
      batches[n]?.end();
    }
    expect(seen()).toEqual([['a0', 'b2'], ['a1'], ['a3']]);
  });

  it('limits a batch', async () => {
    const { batches, push } = setUp();
    push(...Array.from({ length: 200 }, (_, n) => `k${n}.`));
    await turns();
    batches[0]!.end();
    await turns();
    expect(batches.map(({ keys }) => keys.length)).toEqual([128, 72]);
  });

  it('begins the next batch beside one that takes long', async () => {
    const { push, batches, seen } = setUp();
    push('slow');
    await turns();
    push('slow', 'quick');
    await until(() => batches.length === 2);
    expect(seen()).toEqual([['slow0'], ['quick1']]);
    batches[0]!.end();
    await until(() => batches.length === 3);
    expect(seen().at(-1)).toEqual(['slow0']);
  });
});
