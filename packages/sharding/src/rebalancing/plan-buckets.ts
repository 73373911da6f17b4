import { BUCKETS } from '../map/bucket.js';
import { MoveRefused } from '../move-steps/errors.js';
import { planKeyspaceMoves, type RebalancePlan, type RebalanceRequest } from './plan-rebalance.js';
import { OperationRefused } from '../errors.js';
import { knownShards, onDirectory, shardsNamed } from '../directory/known-shards.js';

/** A request to move certain buckets of a keyspace. */
export interface BucketsRequest extends Pick<RebalanceRequest, 'directoryUrl' | 'moveSize' | 'keepFreeBytes'> {
  readonly keyspace: string;
  readonly buckets: readonly number[];
  /** The shard on which they must be now; any by default. */
  readonly from?: string;
  readonly to: string;
}

/** Plans the moves of certain buckets to a shard. Those on it already stay. @throws OperationRefused, MoveRefused */
export async function planBuckets(request: BucketsRequest): Promise<RebalancePlan> {
  const { directoryUrl, keyspace, buckets, from, to } = request;
  const wrong = buckets.find((bucket) => !Number.isInteger(bucket) || bucket < 0 || bucket >= BUCKETS);
  if (wrong !== undefined) throw new OperationRefused(`There is no bucket ${wrong}: they are 0 to ${BUCKETS - 1}`);
  const wanted = new Set(buckets);
  return onDirectory(directoryUrl, async (directory) => {
    const shards = await knownShards(directory, [keyspace]);
    for (const name of from === undefined ? [to] : [from, to]) shardsNamed(shards, name);
    return planKeyspaceMoves(directory, keyspace, shards, request, (placed) => {
      const requested = placed.filter(({ bucket }) => wanted.has(bucket));
      const moving = requested.find((bucket) => bucket.moving);
      if (moving) throw new MoveRefused(`Bucket ${moving.bucket} of ${keyspace} is in a move already`);
      const elsewhere = requested.find(({ shard }) => from !== undefined && shard !== from);
      if (elsewhere) {
        throw new MoveRefused(`Bucket ${elsewhere.bucket} of ${keyspace} is on ${elsewhere.shard}, not on ${from}`);
      }
      return requested.filter(({ shard }) => shard !== to).map((bucket) => ({ bucket, to }));
    });
  });
}
