import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { requestMove } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { askedBy, moveAnswer } from '../replies.js';
import { orRefuse } from '../business-errors.js';

@Injectable()
export class MoveBuckets implements Handler<typeof shards.moveBuckets> {
  readonly handle: Handler<typeof shards.moveBuckets>['handle'] = async (input, { tx, caller, mintId, fail }) =>
    orRefuse(fail, async () => moveAnswer(await requestMove(tx, { ...input, requestedBy: askedBy(caller) }, mintId())));
}
