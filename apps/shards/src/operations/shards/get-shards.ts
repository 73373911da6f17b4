import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { clusterStatus } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { Directory } from '../../directory.js';
import { moveReply } from '../replies.js';

@Injectable()
export class GetShards implements Handler<typeof shards.getShards> {
  constructor(private readonly directory: Directory) {}

  readonly handle: Handler<typeof shards.getShards>['handle'] = async () => {
    const { keyspaces, shards: all, moves } = await clusterStatus(this.directory.url);
    return {
      keyspaces: [...keyspaces],
      shards: all.map(({ health, ...shard }) => ({
        ...shard,
        health: health && {
          ...health,
          slots: [...health.slots],
          orphans: health.orphans.map((each) => ({ ...each, buckets: [...each.buckets] })),
        },
      })),
      moves: moves.map(moveReply),
    };
  };
}
