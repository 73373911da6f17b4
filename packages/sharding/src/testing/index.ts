/** Names for tests and benchmarks that look inside of sharding. Product code uses none of them. */
export { BUCKET_SQL, bucketOf } from '../map/bucket.js';
export { bucketsByShard } from '../map/shard-map.js';
export type { MoveHooks } from '../move-steps/context.js';
export { RowsDiffer } from '../move-steps/errors.js';
export { STEPS, type Step } from '../move-steps/phases.js';
export type { MoveRequest } from '../moves/plan.js';
export { onShard } from '../directory/known-shards.js';
