import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { listRuns, onDirectory } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { Directory } from '../../directory.js';
import { runReply } from '../replies.js';

@Injectable()
export class ListRuns implements Handler<typeof shards.listRuns> {
  constructor(private readonly directory: Directory) {}

  readonly handle: Handler<typeof shards.listRuns>['handle'] = async ({ limit }) => {
    const runs = await onDirectory(this.directory.url, (directory) => listRuns(directory, limit));
    return { items: runs.map(runReply) };
  };
}
