import { reason } from '@stoa/cli';
import { backoff, pause } from '@stoa/timing';
import { identityOf } from '../machine/os-processes.js';
import { exitWords, type Running, type Starting } from '../servers/child.js';
import type { Kind, ProcessRecord } from '../state-dir/state.js';

/** A process that the stack is to have, and how to start it. */
export interface ProcessSpec<R extends Running = Running> {
  name: string;
  kind: Kind;
  port?: number;
  adminPort?: number;
  start: (starting: Starting) => Promise<R>;
  /** Notifies others after it ended by itself. The restart waits until this settles. */
  ended?: () => Promise<void>;
}

export interface ProcessEvents {
  /** The record of the process has changed. */
  changed: () => void;
  /** A line for people: the process ended, it is ready again. */
  report: (line: string) => void;
}

/** Short, because customers wait; it doubles for a process that ends again and again. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** A process that ran this long is healthy again: its next crash is met with the shortest pause. */
const HEALTHY_AFTER_MS = 60_000;

/**
 * SupervisedProcess exists to keep one process running; it works by starting it again when it ends.
 * States: starting → running → (it ended by itself) restarting → running ... → leaving → stopped.
 * A failed first start is the caller's; after that each restart waits for a pause that doubles.
 */
export class SupervisedProcess<R extends Running = Running> {
  private state: ProcessRecord['state'] = 'starting';
  private running: R | undefined;
  private pid: number | undefined;
  private identity: string | undefined;
  private restarts = 0;
  private readonly abort = new AbortController();
  private watching: Promise<void> = Promise.resolve();

  constructor(
    readonly spec: ProcessSpec<R>,
    private readonly events: ProcessEvents,
  ) {}

  /** The process as `run/state.json` lists it. */
  record(): ProcessRecord {
    const { name, kind, port, adminPort } = this.spec;
    return {
      name,
      kind,
      ...(this.pid !== undefined && { pid: this.pid }),
      ...(this.identity !== undefined && { identity: this.identity }),
      ...(port !== undefined && { port }),
      ...(adminPort !== undefined && { adminPort }),
      state: this.state,
      restarts: this.restarts,
    };
  }

  /** Starts the process and, once it is ready, watches it. Rejects if it can't be started. */
  async start(): Promise<R> {
    const running = await this.launch();
    this.watching = this.watch(running);
    return running;
  }

  /** Stops the process, or its start, for good. */
  async stop(): Promise<void> {
    this.abort.abort();
    await this.running?.stop();
    await this.watching;
    this.become('stopped');
  }

  /** Stops the process for good once `drain` has taken its work from it. If `drain` fails, the process stays. */
  async drainAndStop(drain: () => Promise<void>): Promise<void> {
    this.become('leaving');
    try {
      await drain();
    } catch (error) {
      if (this.state === 'leaving') this.become('running');
      throw error;
    }
    await this.stop();
  }

  /** As stop, by SIGKILL. */
  async kill(): Promise<void> {
    this.abort.abort();
    await this.running?.kill();
  }

  private async launch(): Promise<R> {
    const onSpawn = (pid: number): void => {
      this.pid = pid;
      this.identity = identityOf(pid);
      this.events.changed();
    };
    this.abort.signal.throwIfAborted();
    this.running = await this.spec.start({ onSpawn, signal: this.abort.signal });
    this.become('running');
    return this.running;
  }

  private async watch(first: R): Promise<void> {
    let current: R = first;
    let failures = 1;
    for (;;) {
      const since = Date.now();
      const exit = await current.exited;
      if (this.abort.signal.aborted) return;
      if (Date.now() - since > HEALTHY_AFTER_MS) failures = 1;
      const notified = this.spec.ended?.();
      const next = await this.restart(`ended by itself (${exitWords(exit)})`, failures, notified);
      if (!next) return;
      current = next.running;
      failures = next.failures;
    }
  }

  /** Tries until the process is ready again. Undefined if the stack is being stopped. */
  private async restart(
    why: string,
    failures: number,
    notified?: Promise<void>,
  ): Promise<{ running: R; failures: number } | undefined> {
    const { name } = this.spec;
    for (let trouble = why, failed = failures; ; failed += 1) {
      const waitMs = backoff(failed, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
      this.pid = undefined;
      this.identity = undefined;
      this.restarts++;
      this.become('restarting');
      this.events.report(`${name} ${trouble}; starting it again in ${waitMs / 1000} s`);
      await pause(waitMs, this.abort.signal);
      await notified;
      if (this.abort.signal.aborted) return undefined;
      try {
        const running = await this.launch();
        this.events.report(`${name} is ready again (pid ${running.pid})`);
        return { running, failures: failed + 1 };
      } catch (error) {
        if (this.abort.signal.aborted) return undefined;
        trouble = `did not start: ${reason(error)}`;
      }
    }
  }

  private become(state: ProcessRecord['state']): void {
    this.state = state;
    if (state === 'stopped') {
      this.pid = undefined;
      this.identity = undefined;
    }
    this.events.changed();
  }
}
