import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { removeEverywhere } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { Directory } from '../directory.js';
import { orRefuse } from './refusals.js';

@Injectable()
export class RemoveShard implements Handler<typeof shards.removeShard> {
  constructor(private readonly directory: Directory) {}

  readonly handle: Handler<typeof shards.removeShard>['handle'] = async ({ shard }, { fail }) =>
    orRefuse(fail, async () => ({
      shard,
      keyspaces: await removeEverywhere({ directoryUrl: this.directory.url, shard }),
    }));
}
