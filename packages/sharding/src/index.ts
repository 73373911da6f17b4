/** Splits the data of a service over several Postgres databases, and moves it between them while it is in use. */
export { Across, type AcrossQuery, type GroupsQuery, type Page, type PageQuery, type Total } from './across/across.js';
export type { AcrossOptions } from './across/ask.js';
export { AcrossUnavailable, BadCursor } from './across/errors.js';
export type { Direction, KeyColumn, KeyType } from './across/keyset.js';
export { BUCKETS, BUCKET_SQL, bucketOf } from './bucket.js';
export { addShard, enterShard, listShards, startKeyspace, withoutMoves, type Shard } from './directory/keyspace.js';
export {
  grantDirectory,
  installDirectory,
  installShard,
  isShardInstalled,
  type ShardedTable,
  type ShardInstallation,
} from './install.js';
export { prepareShard } from './incarnation/prepare.js';
export { MapClient, type MapClientOptions } from './map/map-client.js';
export { rebuildMap } from './map/load-map.js';
export { bucketsByShard, type Placement, type ShardMap } from './map/shard-map.js';
export { DEFAULT_LIMITS, type MoveHooks, type MoveLimits, type MoveProgress } from './move/context.js';
export { MoveBusy, MovePaused, MoveRefused, MoveStalled, MoveUnknown, RowsDiffer, StaleMover } from './move/errors.js';
export { Mover, type MoverOptions } from './move/mover.js';
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
} from './move/phases.js';
export { listMoves, readMove, type MoveRequest } from './move/plan.js';
export { carryOut, type CarriedOut, type CarryOutOptions, type PlanProgress } from './operate/carry-out.js';
export { setDraining } from './operate/draining.js';
export { makeDatabases } from './operate/make-databases.js';
export { movesNow, type MoveNow } from './operate/moves-now.js';
export { planAddition, type Addition, type AdditionRequest, type NewDatabase } from './operate/plan-addition.js';
export { planBuckets, type BucketsRequest } from './operate/plan-buckets.js';
export { purgeOrphans, type OrphanPurge, type Orphans, type PurgeRequest } from './operate/orphans.js';
export {
  planRebalance,
  type PlannedMove,
  type RebalancePlan,
  type RebalanceRequest,
  type ShardShare,
} from './operate/plan-rebalance.js';
export type { GroupSize, Measure, Transfer } from './operate/plan-transfers.js';
export { OperationRefused } from './operate/refused.js';
export {
  reconcileEverywhere,
  reconcileShard,
  type Reconciliation,
  type ReconcileRequest,
} from './operate/reconcile.js';
export { removeEverywhere, type RemoveRequest } from './operate/remove-everywhere.js';
export {
  knownKeyspaces,
  knownShards,
  onDirectory,
  onShard,
  placeOf,
  shardsNamed,
  type KnownShard,
} from './operate/shards.js';
export { requestAbort, requestMove, requestPause, requestResume, requestReverse } from './operate/requests.js';
export { RunWorker, type RunWorkerOptions } from './operate/run-worker.js';
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
} from './operate/runs.js';
export { clusterStatus, type ClusterStatus, type ShardHealth, type ShardStatus } from './operate/status.js';
export { MoveSupervisor, type SupervisorOptions } from './operate/supervisor.js';
export { keyNamed, whereIs, type NameLookup, type Whereabouts } from './operate/where.js';
export { BEING_MOVED, isTransient, NOT_HERE, SessionLost } from './postgres/errors.js';
export type { Sql } from './postgres/sql.js';
export { PooledServer, type PooledServerOptions } from './routing/pooled-server.js';
export { BucketUnavailable, ShardedDatabase, type ShardedDatabaseOptions } from './routing/sharded-database.js';
export type { ShardServer, Statement } from './routing/shard-server.js';
export { verify, type Finding, type Verification, type VerifyProgress } from './verify.js';
