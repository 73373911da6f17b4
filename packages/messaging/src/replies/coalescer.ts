/**
 * Gathers what is pushed during one turn of the event loop and sends it together: no linger, so that a single item
 * waits for nothing. While several sends are under way, more gather behind them.
 */
export class Coalescer<Item> {
  private gathered: Item[] = [];
  private isScheduled = false;
  private sending = 0;
  private settled: PromiseWithResolvers<void> | undefined;

  /** @param send must not reject */
  constructor(
    private readonly send: (items: Item[]) => Promise<void>,
    private readonly limits: { readonly maxSending: number; readonly maxItems: number } = {
      maxSending: 4,
      maxItems: 500,
    },
  ) {}

  push(item: Item): void {
    this.gathered.push(item);
    this.schedule();
  }

  get isIdle(): boolean {
    return this.sending === 0 && this.gathered.length === 0;
  }

  /** Resolves when all that was pushed is sent. */
  settle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    this.settled ??= Promise.withResolvers<void>();
    return this.settled.promise;
  }

  private schedule(): void {
    if (this.isScheduled || this.gathered.length === 0 || this.sending >= this.limits.maxSending) return;
    this.isScheduled = true;
    setImmediate(() => this.flush());
  }

  private flush(): void {
    this.isScheduled = false;
    const items = this.gathered;
    this.gathered = items.length > this.limits.maxItems ? items.splice(this.limits.maxItems) : [];
    this.sending += 1;
    void this.send(items).then(() => this.sent());
    this.schedule();
  }

  private sent(): void {
    this.sending -= 1;
    this.schedule();
    if (!this.isIdle) return;
    this.settled?.resolve();
    this.settled = undefined;
  }
}
