import { ProgressBar } from './progress-bar.js';

const shown = (isTTY: boolean, steps: readonly [at: number, done: number][]): string[] => {
  const written: string[] = [];
  let now = 0;
  const progress = new ProgressBar({ isTTY, write: (text) => written.push(text) }, () => now);
  for (const [at, done] of steps) {
    now = at;
    progress.show({ label: 'cart a → b', done, of: 1_000, rows: done * 10 });
  }
  progress.clear();
  return written;
};

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

it('tells the rate of the last seconds', () => {
  const steps = Array.from({ length: 40 }, (_, second): [number, number] => [
    second * 1_000,
    Math.min(second, 20) * 10,
  ]);
  expect(shown(true, steps).at(-2)).toContain(' 0 rows/s ');
});
