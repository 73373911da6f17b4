import { withTimeout } from '@stoa/timing';

/** A condition of readiness that does not hold, and the reason. */
export interface Unready {
  readonly name: string;
  readonly why: string;
}

export interface ProbeOptions {
  /** Milliseconds between two probes; 2,000 if not given. */
  readonly everyMs?: number;
  /** Milliseconds that a probe may take; 1,000 if not given. */
  readonly timeoutMs?: number;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message || error.name : String(error));

/**
 * Decides whether a clone should get work: when every named condition holds and it isn't draining. Liveness (the
 * process responds at all) is another matter.
 */
export class Readiness {
  private readonly conditions = new Map<string, { ready: boolean; why: string }>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly waiting = new Set<() => void>();
  private draining = false;

  /** Adds a condition that doesn't hold yet. */
  expect(name: string, why = 'not there yet'): void {
    this.conditions.set(name, { ready: false, why });
  }

  /** Sets whether a condition holds, and why not. */
  set(name: string, ready: boolean, why = ready ? '' : 'lost'): void {
    this.conditions.set(name, { ready, why });
    if (!this.ready) return;
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }

  /** Resolves once every condition holds. */
  whenReady(): Promise<void> {
    return this.ready ? Promise.resolve() : new Promise((resolve) => void this.waiting.add(resolve));
  }

  /** Makes `probe` a condition. It runs in the background, now and at intervals, so that a query costs nothing. */
  watch(name: string, probe: () => Promise<unknown>, { everyMs = 2_000, timeoutMs = 1_000 }: ProbeOptions = {}): void {
    this.expect(name);
    const check = async (): Promise<void> => {
      try {
        await withTimeout(timeoutMs, probe());
        this.set(name, true);
      } catch (error) {
        this.set(name, false, messageOf(error));
      }
      if (!this.draining) this.later(check, everyMs);
    };
    void check();
  }

  /** Makes the clone unready for good: it is leaving. */
  drain(): void {
    this.draining = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  /** The conditions that do not hold; empty when ready. */
  missing(): Unready[] {
    const missing = [...this.conditions].filter(([, { ready }]) => !ready).map(([name, { why }]) => ({ name, why }));
    return this.draining ? [{ name: 'draining', why: 'the clone is leaving' }, ...missing] : missing;
  }

  get ready(): boolean {
    return this.missing().length === 0;
  }

  private later(check: () => Promise<void>, everyMs: number): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void check();
    }, everyMs);
    timer.unref();
    this.timers.add(timer);
  }
}
