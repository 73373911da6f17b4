import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, LOGGER, type Logger } from '@stoa/service';
import { pause, spread } from '@stoa/timing';
import type { ProfileConfig } from '../config.js';
import { Names, type Reservation } from '../storage/names.js';
import { SettleNames } from './settle-names.js';

/**
 * Settles reservations that nobody settled: of commands whose clone died, or whose event has not come yet. Every clone
 * polls each shard's small index of reservations. None leads: settling twice does no harm, and a leader's session for
 * each shard would cost more than the polls.
 */
@Injectable()
export class ExpireReservations implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private readonly seconds: number;

  constructor(
    private readonly names: Names,
    private readonly settle: SettleNames,
    @Inject(CONFIG) config: Pick<ProfileConfig, 'STOA_RESERVATION_SECONDS'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.seconds = config.STOA_RESERVATION_SECONDS;
  }

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      // Clones do not poll in step.
      await pause(spread((this.seconds * 1000) / 6), signal);
      await Promise.all(this.names.shards().map((shard) => this.round(shard)));
    }
  }

  private async round(shard: Parameters<Names['expired']>[0]): Promise<void> {
    try {
      let last: Reservation | undefined;
      do {
        const found = await this.names.expired(shard, this.seconds, last);
        for (const reservation of found) await this.one(reservation);
        last = found.at(-1);
      } while (last && !this.stopping.signal.aborted);
    } catch (error) {
      this.logger.warn({ err: error, server: shard.name }, 'expired reservations wait for the next round');
    }
  }

  /** One whose customer's shard is unavailable must not hold up the others. */
  private async one(reservation: Reservation): Promise<void> {
    if (this.stopping.signal.aborted) return;
    const { customerId, token } = reservation;
    try {
      await this.settle.ofAbandoned(reservation);
      this.logger.info({ customerId, token }, 'settled a reservation that had expired');
    } catch (error) {
      this.logger.warn({ err: error, customerId, token }, 'a reservation that has expired waits for the next round');
    }
  }
}
