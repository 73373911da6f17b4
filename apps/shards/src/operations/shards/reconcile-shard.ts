import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { reconcileEverywhere } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { orBusinessError } from '../business-errors.js';

/** The change of the shard is not part of the command's transaction; a repeated command changes nothing. */
@Injectable()
export class ReconcileShard implements Handler<typeof shards.reconcileShard> {
  readonly handle: Handler<typeof shards.reconcileShard>['handle'] = async ({ shard, keyspaces: only }, { tx, fail }) =>
    orBusinessError(fail, async () => {
      const done = await reconcileEverywhere(tx, { shard, ...(only && { keyspaces: only }) });
      const keyspaces = done.map(({ keyspace, before, now, released, found }) => {
        return { keyspace, before, now, released: [...released], ...(found && { found: [...found] }) };
      });
      return { shard, keyspaces };
    });
}
