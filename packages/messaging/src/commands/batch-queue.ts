/** Groups are no larger: what a group is made of waits until all of it is done. */
const MOST_MEMBERS = 128;
/** Nor are their inputs together, from which their statements are made; one that is larger is alone. */
const MOST_SIZE = 4 * 1024 * 1024;
/** A group that takes longer holds up nothing more: the next one begins beside it. */
const PATIENCE_MS = 25;
const MOST_SIDE_BY_SIDE = 4;

const sizeOf = ({ size = 0 }: { readonly size?: number }): number => size;

/**
 * Makes groups of what comes while a group is in work: nobody waits for a group to fill, and the more comes, the larger groups
 * become. Members of one key are never in one group, nor in two side by side: they are in the order in which they came.
 */
export class BatchQueue<Member extends { readonly key: string; readonly size?: number }> {
  private waiting: Member[] = [];
  private readonly busyKeys = new Set<string>();
  private running = 0;
  private lastStart = 0;
  private isScheduled = false;
  private timer: NodeJS.Timeout | undefined;

  /** @param run must not reject */
  constructor(private readonly run: (members: readonly Member[]) => Promise<void>) {}

  push(member: Member): void {
    this.waiting.push(member);
    this.schedule();
  }

  /** At the end of this turn of the event loop, when all that came with it is here. */
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
    if (this.running >= MOST_SIDE_BY_SIDE) return false;
    const left = this.lastStart + PATIENCE_MS - performance.now();
    if (left <= 0) return true;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.schedule();
    }, left);
    return false;
  }

  private start(): void {
    const members = this.take();
    if (members.length === 0) return;
    this.running += 1;
    this.lastStart = performance.now();
    void this.run(members).then(() => {
      this.running -= 1;
      for (const { key } of members) this.busyKeys.delete(key);
      this.schedule();
    });
    this.schedule();
  }

  /** The first of each key that is not in work. */
  private take(): Member[] {
    const [taken, left]: [Member[], Member[]] = [[], []];
    let size = 0;
    let isFull = false;
    for (const member of this.waiting) {
      // From then on nothing is taken: a smaller one might overtake one of its key.
      isFull ||= taken.length >= MOST_MEMBERS || (taken.length > 0 && size + sizeOf(member) > MOST_SIZE);
      if (isFull || this.busyKeys.has(member.key)) {
        left.push(member);
        continue;
      }
      this.busyKeys.add(member.key);
      taken.push(member);
      size += sizeOf(member);
    }
    this.waiting = left;
    return taken;
  }
}
