import { jest } from '@jest/globals';
import { eventually } from '@stoa/testing';
import { BatchQueue } from './batch-queue.js';

interface Member {
  readonly key: string;
  readonly n: number;
  readonly size?: number;
}

/** A lane whose groups end when the test says so. */
function lane() {
  const groups: { members: string[]; end: () => void }[] = [];
  const made = new BatchQueue<Member>((members) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    groups.push({ members: members.map(({ key, n }) => `${key}${n}`), end: resolve });
    return promise;
  });
  const push = (...keys: string[]): void => keys.forEach((key, n) => made.push({ key, n }));
  const pushSized = (...members: Member[]): void => members.forEach((member) => made.push(member));
  return { groups, push, pushSized, seen: () => groups.map(({ members }) => members) };
}

const turns = async (): Promise<void> => {
  for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
};

const until = (isSo: () => boolean): Promise<void> => eventually(() => expect(isSo()).toBe(true));

describe('BatchQueue', () => {
  afterEach(() => jest.restoreAllMocks());

  it('makes one group of what comes in one turn of the event loop', async () => {
    const { push, seen } = lane();
    push('a', 'b', 'c');
    expect(seen()).toEqual([]);
    await turns();
    expect(seen()).toEqual([['a0', 'b1', 'c2']]);
  });

  it('ends a group before its inputs are too large, and lets nothing of a key overtake', async () => {
    const { groups, pushSized, seen } = lane();
    const mebibytes = (key: string, n: number, size: number): Member => ({ key, n, size: size * 1024 * 1024 });
    pushSized(mebibytes('a', 0, 3), mebibytes('b', 1, 2), mebibytes('b', 2, 0), mebibytes('c', 3, 9));
    await turns();
    expect(seen()).toEqual([['a0']]);
    for (const [n, next] of [['b1'], ['b2'], ['c3']].entries()) {
      groups[n]?.end();
      await until(() => groups.length === n + 2);
      expect(seen().at(-1)).toEqual(next);
    }
  });

  it('gathers behind a group in work', async () => {
    jest.spyOn(performance, 'now').mockReturnValue(1); // the group never takes long
    const { groups, push, seen } = lane();
    push('a');
    await turns();
    push('b');
    await turns();
    push('c');
    await turns();
    expect(seen()).toEqual([['a0']]);
    groups[0]!.end();
    await turns();
    expect(seen()).toEqual([['a0'], ['b0', 'c0']]);
  });

  it('has one member of a key at a time, in their order', async () => {
    const { groups, push, seen } = lane();
    push('a', 'a', 'b', 'a');
    for (let n = 0; n < 3; n++) {
      await turns();
      groups[n]?.end();
    }
    expect(seen()).toEqual([['a0', 'b2'], ['a1'], ['a3']]);
  });

  it('bounds a group', async () => {
    const { groups, push } = lane();
    push(...Array.from({ length: 200 }, (_, n) => `k${n}.`));
    await turns();
    groups[0]!.end();
    await turns();
    expect(groups.map(({ members }) => members.length)).toEqual([128, 72]);
  });

  it('begins the next group beside one that takes long', async () => {
    const { push, groups, seen } = lane();
    push('slow');
    await turns();
    push('slow', 'quick');
    await until(() => groups.length === 2);
    expect(seen()).toEqual([['slow0'], ['quick1']]);
    groups[0]!.end();
    await until(() => groups.length === 3);
    expect(seen().at(-1)).toEqual(['slow0']);
  });
});
