import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, MESSAGING_OPTIONS, type MessagingOptions } from '@stoa/messaging';
import type { Database } from '@stoa/postgres';
import { forgetOld, freeExpired } from '../storage/stock/sweep-holds.js';
import { Rounds } from './rounds.js';

const EVERY_MS = 500;

/** Frees the stock of holds that are over. Every clone does: holds that one is at are skipped by the others. */
@Injectable()
export class HoldSweeper extends Rounds {
  constructor(
    @Inject(DATABASE) private readonly database: Database,
    @Inject(MESSAGING_OPTIONS) { logger }: MessagingOptions,
  ) {
    super(logger, 'sweeping holds', EVERY_MS);
  }

  protected async round(): Promise<boolean> {
    const freed = await this.database.transaction(0, freeExpired);
    return freed > 0 || (await this.database.transaction(0, forgetOld)) > 0;
  }
}
