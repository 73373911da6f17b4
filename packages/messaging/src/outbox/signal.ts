/** A sleep that others may cut short. */
export class Signal {
  private woken = false;
  private ring: (() => void) | undefined;

  /** Ends the wait in progress, or else the next one. */
  notify(): void {
    this.woken = true;
    this.ring?.();
  }

  /** Waits until notified, but no longer than `ms`, and not at all once `signal` is aborted. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.woken && !signal.aborted) await this.sleep(ms, signal);
    this.woken = false;
  }

  private sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.ring = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
      this.ring = end;
    });
  }
}
