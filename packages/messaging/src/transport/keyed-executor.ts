/** Must not reject. */
export type Task = () => Promise<void>;

/**
 * Runs tasks of one key one after the other, in the order they came, and tasks of different keys side by side, up to a
 * bound: a key that waits holds up no other. Tasks without a key are ordered by nothing.
 */
export class KeyedExecutor {
  /** Tasks of a key that wait for the one before; an entry without any means that one is ready or running. */
  readonly #waiting = new Map<string, Task[]>();
  readonly #ready: { key: string | null; task: Task }[] = [];
  #readyHead = 0;
  #running = 0;
  #queued = 0;

  constructor(private readonly maxConcurrency: number) {}

  submit(key: string | null, task: Task): void {
    this.#queued += 1;
    if (key !== null) {
      const waiting = this.#waiting.get(key);
      if (waiting) {
        waiting.push(task);
        return;
      }
      this.#waiting.set(key, []);
    }
    this.#ready.push({ key, task });
    this.#pump();
  }

  /** Tasks that run or wait. */
  get size(): number {
    return this.#running + this.#queued;
  }

  get running(): number {
    return this.#running;
  }

  #pump(): void {
    while (this.#running < this.maxConcurrency) {
      const next = this.#ready[this.#readyHead];
      if (!next) {
        this.#ready.length = 0;
        this.#readyHead = 0;
        return;
      }
      this.#readyHead += 1;
      if (this.#readyHead > 1024) {
        this.#ready.splice(0, this.#readyHead);
        this.#readyHead = 0;
      }
      this.#queued -= 1;
      this.#running += 1;
      void next.task().then(() => this.#ended(next.key));
    }
  }

  #ended(key: string | null): void {
    this.#running -= 1;
    if (key !== null) {
      const task = this.#waiting.get(key)?.shift();
      if (task) this.#ready.push({ key, task });
      else this.#waiting.delete(key);
    }
    this.#pump();
  }
}
