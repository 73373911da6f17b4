import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { registerShard } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { orBusinessError } from '../business-errors.js';

@Injectable()
export class AddShard implements Handler<typeof shards.addShard> {
  readonly handle: Handler<typeof shards.addShard>['handle'] = async (input, { tx, fail }) =>
    orBusinessError(fail, async () => {
      const { keyspace, shard, url, adminUrl } = input;
      await registerShard(tx, keyspace, { name: shard, url, adminUrl });
      return { keyspace, shard };
    });
}
