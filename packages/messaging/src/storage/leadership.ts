import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../options.js';
import { LockSession, type LockSessionOptions } from './lock-session.js';

export interface LeadershipOptions extends LockSessionOptions {
  /** One leader per database and name. */
  readonly lock: string;
  readonly logger: Logger;
  /**
   * What the leader does, until `signal` is aborted: on stop(), or when the lock is lost. It may then still be running
   * while another leads, so whatever it writes must be refused to a former leader by other means. Throwing gives up the lead.
   */
  readonly lead: (session: LockSession, signal: AbortSignal) => Promise<void>;
  /** Milliseconds between two tries to become the leader; 500 if not given. */
  readonly retryMs?: number;
}

/**
 * candidate → leader → candidate …: asks for the lock until it has it, leads until the lock or the work is lost, and
 * begins anew.
 */
export class Leadership {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private leading = false;

  constructor(private readonly options: LeadershipOptions) {}

  get isLeader(): boolean {
    return this.leading;
  }

  start(): void {
    this.running = this.run();
  }

  /** Lets the leader finish what it is doing, then frees the lock. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('stopped'));
    await this.running;
  }

  private async run(): Promise<void> {
    const { logger, lock } = this.options;
    while (!this.stopping.signal.aborted) {
      try {
        await this.candidacy();
      } catch (error) {
        if (!this.stopping.signal.aborted) logger.warn({ err: error, lock }, 'No lead for now');
      }
      await this.pause();
    }
  }

  private async candidacy(): Promise<void> {
    const session = await LockSession.open(this.options);
    try {
      while (!(await session.tryLock(this.options.lock))) {
        await this.pause();
        if (this.stopping.signal.aborted) return;
      }
      await this.term(session);
    } finally {
      await session.close();
    }
  }

  private async term(session: LockSession): Promise<void> {
    const { logger, lock } = this.options;
    logger.debug({ lock }, 'Leading');
    this.leading = true;
    try {
      await this.options.lead(session, AbortSignal.any([this.stopping.signal, session.lost]));
    } finally {
      this.leading = false;
    }
  }

  private async pause(): Promise<void> {
    // Spread out, so that candidates don't ask in step.
    const ms = (this.options.retryMs ?? 500) * (0.75 + Math.random() / 2);
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
