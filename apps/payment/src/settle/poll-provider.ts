import { Inject, Injectable } from '@nestjs/common';
import type { DatabaseServer } from '@stoa/postgres';
import { LOGGER, type Logger } from '@stoa/service';
import { Rounds } from '@stoa/sharded-service';
import { DueWork, type Due } from '../storage/due-work.js';
import { Settle } from './settle.js';

const EVERY_MS = 1_000;
const MOST_AT_ONCE = 20;
const PURGE_EVERY_ROUNDS = 3_600;

/**
 * PollProvider finds out what no response and no webhook said: it asks about attempts and refunds that are due, each of
 * which says itself when that is.
 */
@Injectable()
export class PollProvider extends Rounds {
  private rounds = 0;

  constructor(
    private readonly due: DueWork,
    private readonly settle: Settle,
    @Inject(LOGGER) logger: Logger,
  ) {
    super(logger, 'asking the payment provider', EVERY_MS);
  }

  protected shards(): readonly DatabaseServer[] {
    return this.due.shards();
  }

  protected async round(shard: DatabaseServer): Promise<void> {
    const attempts = await this.due.attempts(shard, MOST_AT_ONCE);
    const refunds = await this.due.refunds(shard, MOST_AT_ONCE);
    await Promise.all([
      ...attempts.map((each) => this.one(each, () => this.settle.attempt(each, each.id))),
      ...refunds.map((each) => this.one(each, () => this.settle.refund(each, each.id))),
    ]);
    this.rounds += 1;
    if (this.rounds % PURGE_EVERY_ROUNDS === 0) await this.due.purgeEvents(shard);
  }

  /** One that fails must not hold up the others: its lease ends. */
  private async one({ id }: Due, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.error({ err: error, id }, 'an attempt or refund could not be settled: it is tried again');
    }
  }
}
