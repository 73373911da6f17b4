import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { setDraining } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { orBusinessError } from '../business-errors.js';

@Injectable()
export class EndDrain implements Handler<typeof shards.endDrain> {
  readonly handle: Handler<typeof shards.endDrain>['handle'] = async ({ shard }, { tx, fail }) =>
    orBusinessError(fail, async () => ({ shard, keyspaces: await setDraining(tx, shard, false) }));
}
