import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { removeEverywhere } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { orBusinessError } from '../business-errors.js';

@Injectable()
export class RemoveShard implements Handler<typeof shards.removeShard> {
  readonly handle: Handler<typeof shards.removeShard>['handle'] = async ({ shard }, { tx, fail }) =>
    orBusinessError(fail, async () => ({ shard, keyspaces: await removeEverywhere(tx, { shard }) }));
}
