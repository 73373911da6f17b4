import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { setDraining } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { orRefuse } from '../business-errors.js';

@Injectable()
export class EndDrain implements Handler<typeof shards.endDrain> {
  readonly handle: Handler<typeof shards.endDrain>['handle'] = async ({ shard }, { tx, fail }) =>
    orRefuse(fail, async () => ({ shard, keyspaces: await setDraining(tx, shard, false) }));
}
