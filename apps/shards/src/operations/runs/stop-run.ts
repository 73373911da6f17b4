import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { stopRun } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { runReply } from '../replies.js';

@Injectable()
export class StopRun implements Handler<typeof shards.stopRun> {
  readonly handle: Handler<typeof shards.stopRun>['handle'] = async ({ id }, { tx, fail }) =>
    runReply((await stopRun(tx, id)) ?? fail('NOT_FOUND', `No run ${id}`));
}
