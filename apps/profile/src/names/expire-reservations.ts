import { Inject, Injectable } from '@nestjs/common';
import type { DatabaseServer } from '@stoa/postgres';
import { CONFIG, LOGGER, type Logger } from '@stoa/service';
import { Rounds } from '@stoa/sharded-service';
import type { ProfileConfig } from '../config.js';
import { Names, type Reservation } from '../storage/names.js';
import { SettleNames } from './settle-names.js';

/**
 * Settles reservations that nobody settled: of commands whose clone died, or whose event has not come yet. Settling
 * twice does no harm.
 */
@Injectable()
export class ExpireReservations extends Rounds {
  private readonly seconds: number;

  constructor(
    private readonly names: Names,
    private readonly settle: SettleNames,
    @Inject(CONFIG) config: Pick<ProfileConfig, 'STOA_RESERVATION_SECONDS'>,
    @Inject(LOGGER) logger: Logger,
  ) {
    super(logger, 'settling expired reservations', (config.STOA_RESERVATION_SECONDS * 1000) / 6);
    this.seconds = config.STOA_RESERVATION_SECONDS;
  }

  protected shards(): readonly DatabaseServer[] {
    return this.names.shards();
  }

  protected async round(shard: DatabaseServer): Promise<void> {
    let last: Reservation | undefined;
    do {
      const found = await this.names.expired(shard, this.seconds, last);
      for (const reservation of found) await this.one(reservation);
      last = found.at(-1);
    } while (last && !this.isStopping);
  }

  /** One whose customer's shard is unavailable must not hold up the others. */
  private async one(reservation: Reservation): Promise<void> {
    if (this.isStopping) return;
    const { customerId, token } = reservation;
    try {
      await this.settle.ofAbandoned(reservation);
      this.logger.info({ customerId, token }, 'settled a reservation that had expired');
    } catch (error) {
      this.logger.warn({ err: error, customerId, token }, 'a reservation that has expired waits for the next round');
    }
  }
}
