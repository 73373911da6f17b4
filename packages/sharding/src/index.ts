/**
 * Sharding exists to spread a service's data over several Postgres databases, and to move it between them while it is
 * in use; it works by a map of buckets in a directory, a fence on each shard, and Postgres's logical replication.
 */

// Installing shards and keyspaces.
export {
  grantDirectory,
  installDirectory,
  installShard,
  isShardInstalled,
  type ShardedTable,
  type ShardInstallation,
} from './installation/install.js';
export { isOwned } from './installation/is-owned.js';
export { prepareShard } from './installation/prepare-shard.js';
export { addShard, listShards, registerShard, startKeyspace, withoutMoves, type Shard } from './directory/keyspace.js';

// A service's data on its shards.
export { BUCKETS } from './map/bucket.js';
export { MapClient } from './map/map-client.js';
export { ShardedDatabase } from './routing/sharded-database.js';
export { Across } from './across/across.js';
export { AcrossUnavailable, BadCursor } from './across/errors.js';
export type { KeyColumn } from './across/keyset.js';

// Moving buckets.
export { Mover } from './moves/mover.js';
export { MoveSupervisor } from './moves/supervisor.js';
export { currentMoves, type CurrentMove } from './moves/current-moves.js';
export { expectAbortable, listMoves, readMove, reverseOf } from './moves/plan.js';
export { requestAbort, requestMove, requestPause, requestResume, requestReverse } from './moves/requests.js';
export { MoveRefused, MoveUnknown } from './move-steps/errors.js';
export { canPause, type Move } from './move-steps/phases.js';

// Rebalancing, and runs of it in the background.
export { planRebalance, type RebalancePlan, type RebalanceRequest } from './rebalancing/plan-rebalance.js';
export { planBuckets } from './rebalancing/plan-buckets.js';
export { executePlan, type PlanProgress } from './rebalancing/execute-plan.js';
export { RunWorker } from './runs/run-worker.js';
export { createRun, listRuns, readRun, stopRun, type Run } from './runs/runs.js';

// Operating shards.
export { OperationRefused } from './errors.js';
export { knownKeyspaces, knownShards, onDirectory, shardsNamed } from './directory/known-shards.js';
export { clusterStatus, type ClusterStatus, type ShardStatus } from './shards/status.js';
export { findKeyByName, locateKey, type KeyLocation, type NameLookup } from './shards/locate-key.js';
export { planAddition, type Addition, type NewDatabase } from './shards/plan-addition.js';
export { makeDatabases } from './shards/make-databases.js';
export { removeEverywhere } from './shards/remove-shard.js';
export { setDraining } from './shards/set-draining.js';
export { purgeOrphans, type OrphanPurge, type Orphans } from './verification/orphans.js';
export { reconcileEverywhere, type Reconciliation } from './verification/reconcile.js';
export { verify } from './verification/verify.js';
