import { ProgressBar, type ProgressStep } from './progress-bar.js';

type Options = Omit<ConstructorParameters<typeof ProgressBar>[0], 'out' | 'now'>;

/** The texts that are written when the steps are shown at their times, in milliseconds. */
function written(isTTY: boolean, options: Options, steps: readonly (readonly [at: number, step: ProgressStep])[]) {
  const texts: string[] = [];
  let now = 0;
  const out = { isTTY, write: (text: string) => texts.push(text) };
  const progress = new ProgressBar({ ...options, out, now: () => now });
  for (const [at, step] of steps) {
    now = at;
    progress.show(step);
  }
  progress.clear();
  return texts;
}

describe('with a label of what is done now', () => {
  const shown = (isTTY: boolean, steps: readonly [at: number, done: number][]): string[] =>
    written(
      isTTY,
      { unit: 'rows' },
      steps.map(([at, done]) => [at, { label: 'cart a → b', done, total: 1_000, counted: done * 10 }]),
    );

  it('redraws one line on a terminal, with rate and time left', () => {
    const lines = shown(true, [
      [0, 0],
      [50, 100],
      [2_000, 500],
    ]);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain('████████████░░░░░░░░░░░░ 50 %, 2,500 rows/s, 0:02 left  cart a → b');
    expect(lines[2]).toBe('\r\u001B[K');
  });

  it('writes a line now and then elsewhere', () => {
    const lines = shown(false, [
      [0, 0],
      [1_000, 100],
      [6_000, 600],
    ]);
    expect(lines).toEqual(['60 %, 1,000 rows/s, 0:04 left  cart a → b\n']);
  });

  it('gives the rate of the last seconds', () => {
    const steps = Array.from({ length: 40 }, (_, second): [number, number] => [
      second * 1_000,
      Math.min(second, 20) * 10,
    ]);
    expect(shown(true, steps).at(-2)).toContain(' 0 rows/s ');
  });
});

describe('with a title', () => {
  const shown = (isTTY: boolean, steps: readonly [at: number, done: number][]): string[] =>
    written(
      isTTY,
      { unit: 'products', title: 'a.csv: importing' },
      steps.map(([at, done]) => [at, { done, total: 1_000, counted: done * 2 }]),
    );

  it('is a bar with rate and time left on a terminal, which goes when it is done', () => {
    const [first, second, last] = shown(true, [
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
      shown(false, [
        [0, 0],
        [1_000, 900],
      ]),
    ).toEqual([]);
    expect(
      shown(false, [
        [0, 0],
        [1_000, 100],
        [10_000, 400],
        [11_000, 500],
      ]),
    ).toEqual(['a.csv: importing 40 %, 80 products/s, 0:15 left\n']);
  });
});
