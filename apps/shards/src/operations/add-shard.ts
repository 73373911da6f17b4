import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { addShard } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { Directory } from '../directory.js';
import { orRefuse } from './refusals.js';

@Injectable()
export class AddShard implements Handler<typeof shards.addShard> {
  constructor(private readonly directory: Directory) {}

  readonly handle: Handler<typeof shards.addShard>['handle'] = async (input, { fail }) =>
    orRefuse(fail, async () => {
      const { keyspace, shard, url, adminUrl } = input;
      await addShard(this.directory.url, keyspace, { name: shard, url, adminUrl });
      return { keyspace, shard };
    });
}
