import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { requestAbort } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { moveReply } from '../replies.js';
import { orNotFound } from '../business-errors.js';

@Injectable()
export class AbortMove implements Handler<typeof shards.abortMove> {
  readonly handle: Handler<typeof shards.abortMove>['handle'] = async ({ id }, { tx, fail }) =>
    orNotFound(fail, async () => moveReply(await requestAbort(tx, id)));
}
