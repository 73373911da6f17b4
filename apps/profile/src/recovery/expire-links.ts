import { Inject, Injectable } from '@nestjs/common';
import type { DatabaseServer } from '@stoa/postgres';
import { LOGGER, type Logger } from '@stoa/service';
import { Rounds } from '@stoa/sharded-service';
import { Links } from '../storage/links.js';

const EVERY_MS = 60_000;
const MOST_AT_ONCE = 500;

/** Deletes links that nobody used in time. They open nothing any more, deleted or not. */
@Injectable()
export class ExpireLinks extends Rounds {
  constructor(
    private readonly links: Links,
    @Inject(LOGGER) logger: Logger,
  ) {
    super(logger, 'deleting expired links', EVERY_MS);
  }

  protected shards(): readonly DatabaseServer[] {
    return this.links.shards();
  }

  protected async round(shard: DatabaseServer): Promise<void> {
    for (const key of await this.links.expired(shard, MOST_AT_ONCE)) await this.links.delete(key);
  }
}
