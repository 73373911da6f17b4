import { Inject, Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { SessionLost } from '@stoa/postgres';
import { CONFIG, LOGGER, type Logger } from '@stoa/service';
import { registerShard } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import type { ShardsConfig } from '../../config.js';
import { orBusinessError } from '../business-errors.js';
import { checkedUrl } from './checked-url.js';

/** The one answer for whatever did not connect: the difference would show what else listens on an allowed host. */
const NOT_CONNECTED = 'adminUrl: no connection as this user to this database; the log of the service shards has why';

@Injectable()
export class AddShard implements Handler<typeof shards.addShard> {
  constructor(
    @Inject(CONFIG) private readonly config: ShardsConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  readonly handle: Handler<typeof shards.addShard>['handle'] = async (input, { tx, fail }) => {
    const { keyspace, shard } = input;
    const [url, adminUrl] = (['url', 'adminUrl'] as const).map((field) => {
      const checked = checkedUrl(input[field], this.config.SHARD_HOSTS);
      return 'url' in checked ? checked.url : fail('REFUSED', `${field} ${checked.refused}`);
    }) as [string, string];
    return orBusinessError(fail, async () => {
      try {
        await registerShard(tx, keyspace, { name: shard, url, adminUrl });
      } catch (error) {
        if (!(error instanceof SessionLost)) throw error;
        this.logger.warn({ err: error, keyspace, shard }, 'no connection to a shard that is to be added');
        fail('REFUSED', NOT_CONNECTED);
      }
      return { keyspace, shard };
    });
  };
}
