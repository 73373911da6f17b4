/** Commands of one batch. They all wait until the whole batch is done. */
const MAX_COMMANDS = 128;
/** Characters of a batch's inputs, from which its statements are made. A command with a larger input is alone. */
const MAX_SIZE = 4 * 1024 * 1024;
/** A batch that takes longer holds up nothing more: the next one begins beside it. */
const NEXT_BATCH_MS = 25;
const MAX_SIDE_BY_SIDE = 4;

const sizeOf = ({ size = 0 }: { readonly size?: number }): number => size;

/**
 * BatchQueue exists to make batches without waiting for them to fill; it works by collecting commands while a batch is
 * in work, so the more commands come, the larger batches become. Commands of one key are never in one batch, nor in two
 * side by side: they run in the order in which they came.
 */
export class BatchQueue<Item extends { readonly key: string; readonly size?: number }> {
  private waiting: Item[] = [];
  private readonly busyKeys = new Set<string>();
  private running = 0;
  private lastStart = 0;
  private isScheduled = false;
  private timer: NodeJS.Timeout | undefined;

  /** @param run must not reject */
  constructor(private readonly run: (batch: readonly Item[]) => Promise<void>) {}

  push(item: Item): void {
    this.waiting.push(item);
    this.schedule();
  }

  /** Starts a batch at the end of this turn of the event loop, when all that came in it is here. */
  private schedule(): void {
    if (this.isScheduled || this.waiting.length === 0 || !this.mayStart()) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.start();
    });
  }

  private mayStart(): boolean {
    if (this.running === 0) return true;
    if (this.running >= MAX_SIDE_BY_SIDE) return false;
    const left = this.lastStart + NEXT_BATCH_MS - performance.now();
    if (left <= 0) return true;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.schedule();
    }, left);
    return false;
  }

  private start(): void {
    const batch = this.take();
    if (batch.length === 0) return;
    this.running += 1;
    this.lastStart = performance.now();
    void this.run(batch).then(() => {
      this.running -= 1;
      for (const { key } of batch) this.busyKeys.delete(key);
      this.schedule();
    });
    this.schedule();
  }

  /** Takes the first command of each key that is not in work. */
  private take(): Item[] {
    const [taken, left]: [Item[], Item[]] = [[], []];
    let size = 0;
    let isFull = false;
    for (const item of this.waiting) {
      // Once full, nothing more is taken: a smaller command might overtake one of its key.
      isFull ||= taken.length >= MAX_COMMANDS || (taken.length > 0 && size + sizeOf(item) > MAX_SIZE);
      if (isFull || this.busyKeys.has(item.key)) {
        left.push(item);
        continue;
      }
      this.busyKeys.add(item.key);
      taken.push(item);
      size += sizeOf(item);
    }
    this.waiting = left;
    return taken;
  }
}
