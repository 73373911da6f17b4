import { LRUCache } from 'lru-cache';

/** The state of a limit after a call. */
export interface Taken {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until the window ends. */
  readonly resetMs: number;
}

interface Window {
  calls: number;
  readonly endsAt: number;
}

/** Some 15 MB. The least recently used counter is dropped first: many addresses must not fill a clone's memory. */
const MOST_WINDOWS = 50_000;

/** LocalWindows counts calls in this clone's memory, in windows that begin with a call. */
export class LocalWindows {
  private readonly windows: LRUCache<string, Window>;

  constructor(
    private readonly now: () => number = () => performance.now(),
    most = MOST_WINDOWS,
  ) {
    this.windows = new LRUCache({ max: most });
  }

  /** Counts one call. @param limit calls in `seconds` */
  take(counter: string, limit: number, seconds: number): Taken {
    const now = this.now();
    let window = this.windows.get(counter);
    if (!window || window.endsAt <= now)
      this.windows.set(counter, (window = { calls: 0, endsAt: now + seconds * 1_000 }));
    window.calls += 1;
    const { calls, endsAt } = window;
    return { allowed: calls <= limit, limit, remaining: Math.max(0, limit - calls), resetMs: endsAt - now };
  }
}
