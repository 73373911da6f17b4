import { pause, spread } from '@stoa/timing';
import { LockSession, type LockSessionOptions } from './lock-session.js';

/** Work that one clone among a service's clones does for a database. */
export interface Duty {
  /** One leader per database and name. */
  readonly lock: string;
  /**
   * Runs until `signal` is aborted: on stop(), or when the lock is lost. It may go on for a moment while another clone
   * leads, so its writes need a fence against a former leader. If it throws, this clone gives up all its duties.
   */
  readonly lead: (session: LockSession, signal: AbortSignal) => Promise<void>;
}

/** Gets a line when this clone leads in a duty, and when it stops leading and why. */
export interface LeadershipLogger {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface LeadershipOptions extends LockSessionOptions {
  /** One session holds the locks of all: connections are scarce. */
  readonly duties: readonly Duty[];
  readonly logger: LeadershipLogger;
  /** Milliseconds between two tries to become the leader; 500 if not given. */
  readonly retryMs?: number;
}

/**
 * Exists so that one clone at a time does a duty for a database; it works by an advisory lock per duty. For each duty a
 * clone is candidate → leader → candidate …: it tries the lock until it has it, leads until the lock or the work ends,
 * and begins anew. Different clones may lead in different duties; whatever ends one here ends all, with the session.
 */
export class Leadership {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: LeadershipOptions) {}

  /** Begins to try the locks, in the background. */
  start(): void {
    this.running = this.run();
  }

  /** Aborts the duties, waits for their end, then frees the locks. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('stopped'));
    await this.running;
  }

  private async run(): Promise<void> {
    const { logger } = this.options;
    while (!this.stopping.signal.aborted) {
      try {
        await this.candidacy();
      } catch (error) {
        if (!this.stopping.signal.aborted) logger.warn({ err: error }, 'this clone leads no duty for now');
      }
      await this.untilRetry();
    }
  }

  /** Runs until this is stopped, the session is lost, or a duty ends. */
  private async candidacy(): Promise<void> {
    const session = await LockSession.open(this.options);
    const failed = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, session.lost, failed.signal]);
    const led: Promise<void>[] = [];
    const lead = async (duty: Duty): Promise<void> => {
      try {
        await this.term(duty, session, signal);
        if (!signal.aborted) failed.abort(new Error(`the duty '${duty.lock}' has ended`));
      } catch (error) {
        failed.abort(error);
      }
    };
    try {
      for (let open = this.options.duties; open.length > 0 && !signal.aborted;) {
        const taken = await session.tryLocks(open.map(({ lock }) => lock));
        led.push(...open.filter(({ lock }) => taken.includes(lock)).map(lead));
        open = open.filter(({ lock }) => !taken.includes(lock));
        if (open.length > 0) await this.untilRetry(signal);
      }
    } catch (error) {
      failed.abort(error);
    }
    await Promise.all(led);
    await session.close();
    failed.signal.throwIfAborted();
  }

  private async term({ lock, lead }: Duty, session: LockSession, signal: AbortSignal): Promise<void> {
    this.options.logger.debug({ lock }, 'this clone leads');
    await lead(session, signal);
  }

  private async untilRetry(signal = this.stopping.signal): Promise<void> {
    await pause(spread(this.options.retryMs ?? 500), signal);
  }
}
