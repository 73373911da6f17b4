import { pause, spread } from '@stoa/timing';
import { LockSession, type LockSessionOptions } from './lock-session.js';

/** What one clone among a service's clones does for a database. */
export interface Duty {
  /** One leader per database and name. */
  readonly lock: string;
  /**
   * What the leader does, until `signal` is aborted: on stop(), or when the lock is lost. It may then still be running
   * while another leads, so whatever it writes must be refused to a former leader by other means. Throwing gives up the
   * lead of all duties.
   */
  readonly lead: (session: LockSession, signal: AbortSignal) => Promise<void>;
}

/** What a leadership reports: that it leads, and why it does not for a while. */
export interface LeadershipLogger {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface LeadershipOptions extends LockSessionOptions {
  /** One session holds the locks of them all: a connection is dear. */
  readonly duties: readonly Duty[];
  readonly logger: LeadershipLogger;
  /** Milliseconds between two tries to become the leader; 500 if not given. */
  readonly retryMs?: number;
}

/**
 * For each duty: candidate → leader → candidate …: asks for the lock until it has it, leads until the lock or the work is lost,
 * and begins anew. Different clones may lead in different duties; what ends one here ends all, with the session.
 */
export class Leadership {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: LeadershipOptions) {}

  start(): void {
    this.running = this.run();
  }

  /** Lets the leader finish what it is doing, then frees the lock. */
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
        if (!this.stopping.signal.aborted) logger.warn({ err: error }, 'No lead for now');
      }
      await this.pause();
    }
  }

  /** Until this is stopped, the session is lost, or a duty ends. */
  private async candidacy(): Promise<void> {
    const session = await LockSession.open(this.options);
    const failed = new AbortController();
    const signal = AbortSignal.any([this.stopping.signal, session.lost, failed.signal]);
    const led: Promise<void>[] = [];
    const lead = async (duty: Duty): Promise<void> => {
      try {
        await this.term(duty, session, signal);
        if (!signal.aborted) failed.abort(new Error(`what holds '${duty.lock}' has ended`));
      } catch (error) {
        failed.abort(error);
      }
    };
    try {
      for (let open = this.options.duties; open.length > 0 && !signal.aborted;) {
        const taken = await session.tryLocks(open.map(({ lock }) => lock));
        led.push(...open.filter(({ lock }) => taken.includes(lock)).map(lead));
        open = open.filter(({ lock }) => !taken.includes(lock));
        if (open.length > 0) await this.pause(signal);
      }
    } catch (error) {
      failed.abort(error);
    }
    await Promise.all(led);
    await session.close();
    failed.signal.throwIfAborted();
  }

  private async term({ lock, lead }: Duty, session: LockSession, signal: AbortSignal): Promise<void> {
    this.options.logger.debug({ lock }, 'Leading');
    await lead(session, signal);
  }

  private async pause(signal = this.stopping.signal): Promise<void> {
    // Spread out, so that candidates don't ask in step.
    await pause(spread(this.options.retryMs ?? 500), signal);
  }
}
