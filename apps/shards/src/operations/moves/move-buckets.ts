import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { requestMove } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { requesterOf, moveReply } from '../replies.js';
import { orBusinessError } from '../business-errors.js';

@Injectable()
export class MoveBuckets implements Handler<typeof shards.moveBuckets> {
  readonly handle: Handler<typeof shards.moveBuckets>['handle'] = async (input, { tx, caller, mintId, fail }) =>
    orBusinessError(fail, async () =>
      moveReply(await requestMove(tx, { ...input, requestedBy: requesterOf(caller) }, mintId())),
    );
}
