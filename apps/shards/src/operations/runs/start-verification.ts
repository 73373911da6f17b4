import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { createRun } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { requesterOf, runReply } from '../replies.js';

@Injectable()
export class StartVerification implements Handler<typeof shards.startVerification> {
  readonly handle: Handler<typeof shards.startVerification>['handle'] = async ({ keyspaces }, { tx, caller, mintId }) =>
    runReply(await createRun(tx, mintId(), 'verify', keyspaces ? { keyspaces } : {}, requesterOf(caller)));
}
