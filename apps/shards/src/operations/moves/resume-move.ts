import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { requestResume } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { moveReply } from '../replies.js';
import { orNotFound } from '../business-errors.js';

@Injectable()
export class ResumeMove implements Handler<typeof shards.resumeMove> {
  readonly handle: Handler<typeof shards.resumeMove>['handle'] = async ({ id }, { tx, fail }) =>
    orNotFound(fail, async () => moveReply(await requestResume(tx, id)));
}
