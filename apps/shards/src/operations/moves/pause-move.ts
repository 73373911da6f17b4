import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { requestPause } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { moveReply } from '../replies.js';
import { orNotFound } from '../business-errors.js';

@Injectable()
export class PauseMove implements Handler<typeof shards.pauseMove> {
  readonly handle: Handler<typeof shards.pauseMove>['handle'] = async ({ id }, { tx, fail }) =>
    orNotFound(fail, async () => moveReply(await requestPause(tx, id)));
}
