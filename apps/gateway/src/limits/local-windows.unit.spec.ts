import { LocalWindows } from './local-windows.js';

describe('LocalWindows', () => {
  it('takes as many calls as are allowed until a window ends', () => {
    let now = 1_000;
    const windows = new LocalWindows(() => now);
    const take = (who = 'a') => windows.take(who, 2, 60);
    expect(take()).toEqual({ allowed: true, limit: 2, remaining: 1, resetMs: 60_000 });
    now += 10_000;
    expect(take()).toEqual({ allowed: true, limit: 2, remaining: 0, resetMs: 50_000 });
    expect(take()).toEqual({ allowed: false, limit: 2, remaining: 0, resetMs: 50_000 });
    expect(take('b').allowed).toBe(true);
    now += 50_000;
    expect(take()).toEqual({ allowed: true, limit: 2, remaining: 1, resetMs: 60_000 });
  });

  it('holds so many callers and no more', () => {
    const windows = new LocalWindows(() => 0, 100);
    windows.take('steady', 2, 60);
    for (let n = 0; n < 1_000; n++) {
      windows.take(`stranger ${n}`, 1, 60);
      if (n % 50 === 0) windows.take('steady', 2, 60);
    }
    expect(windows.take('steady', 2, 60).allowed).toBe(false);
    // Of the strangers only the last ones are known.
    expect(windows.take('stranger 999', 1, 60).allowed).toBe(false);
    expect(windows.take('stranger 0', 1, 60).allowed).toBe(true);
  });
});
