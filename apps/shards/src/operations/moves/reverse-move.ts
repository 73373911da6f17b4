import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { requestReverse } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { requesterOf, moveReply } from '../replies.js';
import { orNotFound } from '../business-errors.js';

@Injectable()
export class ReverseMove implements Handler<typeof shards.reverseMove> {
  readonly handle: Handler<typeof shards.reverseMove>['handle'] = async ({ id }, { tx, caller, mintId, fail }) =>
    orNotFound(fail, async () => moveReply(await requestReverse(tx, id, mintId(), requesterOf(caller))));
}
