/** A sleep that others can end early. */
export class Signal {
  private notified = false;
  private endSleep: (() => void) | undefined;

  /** Ends the wait in progress, or else the next one. */
  notify(): void {
    this.notified = true;
    this.endSleep?.();
  }

  /** Waits for a notification, but no longer than `ms`, and not at all once `signal` is aborted. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.notified && !signal.aborted) await this.sleep(ms, signal);
    this.notified = false;
  }

  private sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.endSleep = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
      this.endSleep = end;
    });
  }
}
