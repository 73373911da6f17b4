import { duration, Progress } from './progress.js';

function show(isTTY: boolean, steps: [atMs: number, done: number][]): string[] {
  const written: string[] = [];
  let now = 0;
  const progress = new Progress('a.csv: importing', { isTTY, write: (text) => written.push(text) }, () => now);
  for (const [atMs, done] of steps) {
    now = atMs;
    progress.show({ done, total: 1_000, counted: { amount: done * 2, unit: 'products' } });
  }
  progress.end();
  return written;
}

describe('progress', () => {
  it('is a bar with rate and time left on a terminal, which goes when it is done', () => {
    const [first, second, last] = show(true, [
      [0, 0],
      [50, 10],
      [2_000, 500],
    ]);
    expect(first).toBe(`\r\u001b[Ka.csv: importing ${'░'.repeat(24)} 0 %, 0 products/s`);
    expect(second).toBe(
      `\r\u001b[Ka.csv: importing ${'█'.repeat(12)}${'░'.repeat(12)} 50 %, 500 products/s, 0:02 left`,
    );
    expect(last).toBe('\r\u001b[K');
  });

  it('is a line every five seconds elsewhere, and none for what takes less', () => {
    expect(
      show(false, [
        [0, 0],
        [1_000, 900],
      ]),
    ).toEqual([]);
    expect(
      show(false, [
        [0, 0],
        [1_000, 100],
        [10_000, 400],
        [11_000, 500],
      ]),
    ).toEqual(['a.csv: importing 40 %, 80 products/s, 0:15 left\n']);
  });

  it('tells time as clocks do', () => {
    expect([0, 59.6, 75, 3_600, 36_610].map(duration)).toEqual(['0:00', '1:00', '1:15', '1:00:00', '10:10:10']);
  });
});
