import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { setDraining } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { Directory } from '../directory.js';
import { orRefuse } from './refusals.js';

@Injectable()
export class EndDrain implements Handler<typeof shards.endDrain> {
  constructor(private readonly directory: Directory) {}

  readonly handle: Handler<typeof shards.endDrain>['handle'] = async ({ shard }, { fail }) =>
    orRefuse(fail, async () => ({ shard, keyspaces: await setDraining(this.directory.url, shard, false) }));
}
