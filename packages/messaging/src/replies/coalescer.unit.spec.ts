import { Coalescer } from './coalescer.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Coalescer', () => {
  const gather = (limits: { maxSending: number; maxItems: number }) => {
    const batches: { items: number[]; sent: () => void }[] = [];
    const coalescer = new Coalescer<number>(
      (items) => new Promise((sent) => void batches.push({ items, sent })),
      limits,
    );
    return { batches, coalescer };
  };

  it('sends what one turn of the event loop brought together', async () => {
    const { batches, coalescer } = gather({ maxSending: 4, maxItems: 10 });
    coalescer.push(1);
    coalescer.push(2);
    await turn();
    coalescer.push(3);
    await turn();
    expect(batches.map((batch) => batch.items)).toEqual([[1, 2], [3]]);
  });

  it('gathers behind sends that are under way, and splits what is too much', async () => {
    const { batches, coalescer } = gather({ maxSending: 1, maxItems: 3 });
    coalescer.push(0);
    await turn();
    for (const i of [1, 2, 3, 4]) coalescer.push(i);
    await turn();
    expect(batches.map((batch) => batch.items)).toEqual([[0]]);
    batches[0]?.sent();
    await turn();
    await turn();
    expect(batches.map((batch) => batch.items)).toEqual([[0], [1, 2, 3]]);
    batches[1]?.sent();
    await turn();
    await turn();
    expect(batches.map((batch) => batch.items)).toEqual([[0], [1, 2, 3], [4]]);
  });

  it('settles when all is sent', async () => {
    const { batches, coalescer } = gather({ maxSending: 2, maxItems: 10 });
    await coalescer.settle();
    coalescer.push(1);
    let isSettled = false;
    const settled = coalescer.settle().then(() => (isSettled = true));
    await turn();
    expect(isSettled).toBe(false);
    batches[0]?.sent();
    await settled;
    expect(coalescer.isIdle).toBe(true);
  });
});
