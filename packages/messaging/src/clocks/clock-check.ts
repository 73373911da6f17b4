import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaRecord } from '@stoa/kafka';
import { pause } from '@stoa/timing';
import type { BrokerClock } from './broker-clock.js';

/** While a backlog is read, each fetch looks like a clock that was set back. */
const SPACING_MS = 50;
/** A broker that does not answer holds up nobody for longer. */
const REPLY_WITHIN_MS = 500;

/**
 * Asks the broker for its time as soon as the records that come do not fit the time that is known, instead of at the
 * next heartbeat: after a step of the broker's clock all requests would be late, or none, until then.
 */
export class ClockCheck {
  private pending: Promise<void> | undefined;
  private askedAt = Number.NEGATIVE_INFINITY;

  /** @param sync asks the broker, and lets the clock learn */
  constructor(
    private readonly clock: BrokerClock,
    private readonly sync: () => Promise<void>,
  ) {}

  /** Looks at the last of some records that have just come. */
  observe(records: readonly KafkaRecord[]): void {
    const last = records.at(-1);
    if (!last || this.pending || !this.clock.doubts(last.timestamp)) return;
    this.pending = this.ask().finally(() => {
      this.pending = undefined;
    });
  }

  /**
   * Resolves once the time is known again; undefined while it is not in doubt. Never rejects: without a reply the old
   * time holds.
   */
  get settled(): Promise<void> | undefined {
    return this.pending;
  }

  private async ask(): Promise<void> {
    const wait = this.askedAt + SPACING_MS - performance.now();
    if (wait > 0) await delay(wait);
    this.askedAt = performance.now();
    const given = new AbortController();
    const synced = this.sync().catch(() => undefined);
    await Promise.race([synced, pause(REPLY_WITHIN_MS, given.signal)]);
    given.abort();
  }
}
