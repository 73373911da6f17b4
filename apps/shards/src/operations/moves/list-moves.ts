import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { listMoves, onDirectory } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { Directory } from '../../directory.js';
import { moveReply } from '../replies.js';

@Injectable()
export class ListMoves implements Handler<typeof shards.listMoves> {
  constructor(private readonly directory: Directory) {}

  readonly handle: Handler<typeof shards.listMoves>['handle'] = async ({ keyspace = null, limit }) => {
    const moves = await onDirectory(this.directory.url, (directory) => listMoves(directory, keyspace, limit));
    return { items: moves.map(moveReply) };
  };
}
