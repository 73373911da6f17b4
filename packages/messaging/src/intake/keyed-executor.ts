import { setTimeout as delay } from 'node:timers/promises';
import { Shares } from './shares.js';

/** Must not reject. */
export type Task = (slot: Slot) => Promise<void>;

/** The place of a running task among those that run at once. */
export interface Slot {
  /**
   * The task waits for this owner from now on, and counts to its share.
   * @returns false when the owner's share is used up: the task should end
   */
  use(owner: string): boolean;
  /** Waits without a place, and for one afterwards. The key's next tasks wait all the same. @param ms milliseconds */
  pause(ms: number): Promise<void>;
}

/** Work that starts, or goes on, as soon as there is a place for it. */
interface Ready {
  readonly run: Run;
  readonly start: () => void;
}

/**
 * Runs tasks of one key one after the other, in the order they came, and tasks of different keys side by side, up to a
 * bound: a key that waits holds up no other. Tasks without a key are ordered by nothing. Tasks may have an owner, what
 * they wait for while they run: an owner has a share of the places, so that one that is slow holds up no other's tasks.
 */
export class KeyedExecutor {
  /** Tasks of a key that wait for the one before; an entry without any means that one is ready or running. */
  private readonly waiting = new Map<string, Ready[]>();
  private readonly ready: Ready[] = [];
  private readyHead = 0;
  /** Work that was ready when its owner's share was used up, by owner. */
  private readonly heldBack = new Map<string, Ready[]>();
  private readonly places: Shares;
  private queued = 0;

  constructor(maxConcurrency: number) {
    this.places = new Shares(maxConcurrency);
  }

  submit(key: string | null, task: Task, owner?: string): void {
    this.queued += 1;
    const run = new Run(owner, this.places, {
      left: () => this.pump(),
      resume: (start) => this.whenPlaced({ run, start }),
    });
    const ready = { run, start: () => void task(run).then(() => this.ended(run, key)) };
    if (key !== null) {
      const waiting = this.waiting.get(key);
      if (waiting) {
        waiting.push(ready);
        return;
      }
      this.waiting.set(key, []);
    }
    this.whenPlaced(ready);
  }

  /** Tasks that have not ended. */
  get size(): number {
    return this.queued;
  }

  /** Tasks that hold a place. */
  get running(): number {
    return this.places.total;
  }

  private whenPlaced(ready: Ready): void {
    this.ready.push(ready);
    this.pump();
  }

  private pump(): void {
    while (this.places.mayTake(undefined)) {
      const next = this.firstHeldBack() ?? this.firstReady();
      if (!next) return;
      next.run.enter();
      next.start();
    }
  }

  private firstHeldBack(): Ready | undefined {
    for (const [owner, held] of this.heldBack) {
      if (!this.places.mayTake(owner)) continue;
      const first = held.shift();
      if (held.length === 0) this.heldBack.delete(owner);
      return first;
    }
    return undefined;
  }

  private firstReady(): Ready | undefined {
    for (;;) {
      const next = this.takeReady();
      const owner = next?.run.owner;
      if (!next || owner === undefined || this.places.mayTake(owner)) return next;
      const held = this.heldBack.get(owner);
      if (held) held.push(next);
      else this.heldBack.set(owner, [next]);
    }
  }

  private takeReady(): Ready | undefined {
    const next = this.ready[this.readyHead];
    if (!next) {
      this.ready.length = 0;
      this.readyHead = 0;
      return undefined;
    }
    this.readyHead += 1;
    if (this.readyHead > 1024) {
      this.ready.splice(0, this.readyHead);
      this.readyHead = 0;
    }
    return next;
  }

  private ended(run: Run, key: string | null): void {
    this.queued -= 1;
    run.end();
    if (key !== null) {
      const next = this.waiting.get(key)?.shift();
      if (next) this.ready.push(next);
      else this.waiting.delete(key);
    }
    this.pump();
  }
}

/** One task, from when it may start to its end. */
class Run implements Slot {
  private isPlaced = false;

  constructor(
    public owner: string | undefined,
    private readonly places: Shares,
    private readonly executor: { left(): void; resume(start: () => void): void },
  ) {}

  enter(): void {
    this.isPlaced = true;
    this.places.take(this.owner);
  }

  end(): void {
    if (this.isPlaced) this.places.giveBack(this.owner);
    this.isPlaced = false;
  }

  /** Work that it started may outlive it: that counts to nobody's share. */
  use(owner: string): boolean {
    if (!this.isPlaced || owner === this.owner) return true;
    this.places.giveBack(this.owner);
    const may = this.places.mayTake(owner);
    if (may) this.owner = owner;
    this.places.take(this.owner);
    return may;
  }

  async pause(ms: number): Promise<void> {
    this.end();
    this.executor.left();
    await delay(ms);
    await new Promise<void>((resolve) => this.executor.resume(resolve));
  }
}
