import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { createRun, knownShards, shardsNamed } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { requesterOf, runReply } from '../replies.js';
import { orBusinessError } from '../business-errors.js';

@Injectable()
export class StartDrain implements Handler<typeof shards.startDrain> {
  readonly handle: Handler<typeof shards.startDrain>['handle'] = async (input, { tx, caller, mintId, fail }) =>
    orBusinessError(fail, async () => {
      const { keyspaces, ...options } = input;
      shardsNamed(await knownShards(tx, keyspaces), input.shard);
      const asked = { ...options, ...(keyspaces && { keyspaces }) };
      return runReply(await createRun(tx, mintId(), 'drain', asked, requesterOf(caller)));
    });
}
