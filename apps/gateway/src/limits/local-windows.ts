import { LRUCache } from 'lru-cache';

/** What is left of a limit. */
export interface Taken {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Until the window ends. */
  readonly resetMs: number;
}

interface Window {
  calls: number;
  readonly endsAt: number;
}

/** Some 15 MB. Whoever has called least recently is forgotten first: many addresses must not fill a clone's memory. */
const MOST_WINDOWS = 50_000;

/** Counts calls in this clone's memory, each caller's in windows that begin with a call. */
export class LocalWindows {
  private readonly windows: LRUCache<string, Window>;

  constructor(
    private readonly now: () => number = () => performance.now(),
    most = MOST_WINDOWS,
  ) {
    this.windows = new LRUCache({ max: most });
  }

  /** One call by `who`. @param limit calls in `seconds`. */
  take(who: string, limit: number, seconds: number): Taken {
    const now = this.now();
    let window = this.windows.get(who);
    if (!window || window.endsAt <= now) this.windows.set(who, (window = { calls: 0, endsAt: now + seconds * 1_000 }));
    window.calls += 1;
    const { calls, endsAt } = window;
    return { allowed: calls <= limit, limit, remaining: Math.max(0, limit - calls), resetMs: endsAt - now };
  }
}
