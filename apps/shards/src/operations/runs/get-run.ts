import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { onDirectory, readRun } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { Directory } from '../../directory.js';
import { runReply } from '../replies.js';

@Injectable()
export class GetRun implements Handler<typeof shards.getRun> {
  constructor(private readonly directory: Directory) {}

  readonly handle: Handler<typeof shards.getRun>['handle'] = async ({ id }, { fail }) => {
    const run = await onDirectory(this.directory.url, (directory) => readRun(directory, id));
    return runReply(run ?? fail('NOT_FOUND', `No run ${id}`));
  };
}
