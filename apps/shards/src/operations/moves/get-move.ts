import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { MoveUnknown, onDirectory, readMove } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { Directory } from '../../directory.js';
import { moveReply } from '../replies.js';

@Injectable()
export class GetMove implements Handler<typeof shards.getMove> {
  constructor(private readonly directory: Directory) {}

  readonly handle: Handler<typeof shards.getMove>['handle'] = async ({ id }, { fail }) => {
    try {
      return moveReply(await onDirectory(this.directory.url, (directory) => readMove(directory, id)));
    } catch (error) {
      if (error instanceof MoveUnknown) return fail('NOT_FOUND', error.message);
      throw error;
    }
  };
}
