import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { planRebalance } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { Directory } from '../../directory.js';
import { orBusinessError } from '../business-errors.js';

@Injectable()
export class PlanRebalance implements Handler<typeof shards.planRebalance> {
  constructor(private readonly directory: Directory) {}

  readonly handle: Handler<typeof shards.planRebalance>['handle'] = async (input, { fail }) =>
    orBusinessError(fail, async () => {
      const { keyspace, by, drain, groupBuckets } = input;
      const plan = await planRebalance({
        directoryUrl: this.directory.url,
        by,
        moveSize: { buckets: groupBuckets },
        ...(keyspace !== undefined && { keyspaces: [keyspace] }),
        ...(drain !== undefined && { drain }),
      });
      return {
        ...plan,
        moves: plan.moves.map((move) => ({ ...move, buckets: [...move.buckets] })),
        shares: [...plan.shares],
        warnings: [...plan.warnings],
        unfinished: [...plan.unfinished],
      };
    });
}
