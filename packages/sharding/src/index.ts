/** Splits the data of a service over several Postgres databases, and moves it between them while it is in use. */
export {
  Across,
  type AcrossQuery,
  type AggregatesQuery,
  type Page,
  type PageQuery,
  type Total,
} from './across/across.js';
export type { AcrossOptions } from './across/query-shards.js';
export { AcrossUnavailable, BadCursor } from './across/errors.js';
export type { Direction, KeyColumn, KeyType } from './across/keyset.js';
export { BUCKETS, BUCKET_SQL, bucketOf } from './map/bucket.js';
export { addShard, registerShard, listShards, startKeyspace, withoutMoves, type Shard } from './directory/keyspace.js';
export {
  grantDirectory,
  installDirectory,
  installShard,
  isShardInstalled,
  type ShardedTable,
  type ShardInstallation,
} from './installation/install.js';
export { prepareShard } from './installation/prepare-shard.js';
export { MapClient, type MapClientOptions } from './map/map-client.js';
export { rebuildMap } from './map/load-map.js';
export { bucketsByShard, type Placement, type ShardMap } from './map/shard-map.js';
export { DEFAULT_LIMITS, type MoveHooks, type MoveLimits, type MoveProgress } from './move-steps/context.js';
export {
  MoveBusy,
  MovePaused,
  MoveRefused,
  MoveStalled,
  MoveUnknown,
  RowsDiffer,
  StaleMover,
} from './move-steps/errors.js';
export { Mover, type MoverOptions } from './moves/mover.js';
export {
  canAbort,
  canPause,
  isOver,
  PHASES,
  STEPS,
  type Move,
  type MoveInfo,
  type Phase,
  type Step,
} from './move-steps/phases.js';
export { listMoves, readMove, type MoveRequest } from './moves/plan.js';
export {
  executePlan,
  type PlanResult,
  type ExecutePlanOptions,
  type PlanProgress,
} from './rebalancing/execute-plan.js';
export { setDraining } from './shards/set-draining.js';
export { makeDatabases } from './shards/make-databases.js';
export { currentMoves, type CurrentMove } from './moves/current-moves.js';
export { planAddition, type Addition, type AdditionRequest, type NewDatabase } from './shards/plan-addition.js';
export { planBuckets, type BucketsRequest } from './rebalancing/plan-buckets.js';
export { purgeOrphans, type OrphanPurge, type Orphans, type PurgeRequest } from './verification/orphans.js';
export {
  planRebalance,
  type PlannedMove,
  type RebalancePlan,
  type RebalanceRequest,
  type ShardShare,
} from './rebalancing/plan-rebalance.js';
export type { MoveSize, BalanceBy, Transfer } from './rebalancing/plan-transfers.js';
export { OperationRefused } from './errors.js';
export {
  reconcileEverywhere,
  reconcileShard,
  type Reconciliation,
  type ReconcileRequest,
} from './verification/reconcile.js';
export { removeEverywhere, type RemoveRequest } from './shards/remove-shard.js';
export {
  knownKeyspaces,
  knownShards,
  onDirectory,
  onShard,
  addressOf,
  shardsNamed,
  type KnownShard,
} from './directory/known-shards.js';
export { requestAbort, requestMove, requestPause, requestResume, requestReverse } from './moves/requests.js';
export { RunWorker, type RunWorkerOptions } from './runs/run-worker.js';
export {
  createRun,
  isRunOver,
  listRuns,
  readRun,
  stopRun,
  type Run,
  type RunKind,
  type RunOptions,
  type RunProgress,
  type RunState,
} from './runs/runs.js';
export { clusterStatus, type ClusterStatus, type ShardHealth, type ShardStatus } from './shards/status.js';
export { MoveSupervisor, type SupervisorOptions } from './moves/supervisor.js';
export { findKeyByName, locateKey, type NameLookup, type KeyLocation } from './shards/locate-key.js';
export { BEING_MOVED, NOT_HERE } from './error-codes.js';
export { BucketUnavailable, ShardedDatabase, type ShardedDatabaseOptions } from './routing/sharded-database.js';
export type { ShardServer } from './shard-server.js';
export { verify, type Finding, type Verification, type VerifyProgress } from './verification/verify.js';
