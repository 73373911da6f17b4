import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { createRun } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { requesterOf, runReply } from '../replies.js';

@Injectable()
export class StartRebalance implements Handler<typeof shards.startRebalance> {
  readonly handle: Handler<typeof shards.startRebalance>['handle'] = async (input, { tx, caller, mintId }) => {
    const { keyspaces, ...options } = input;
    const asked = { ...options, ...(keyspaces && { keyspaces }) };
    return runReply(await createRun(tx, mintId(), 'rebalance', asked, requesterOf(caller)));
  };
}
