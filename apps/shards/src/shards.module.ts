import { Module } from '@nestjs/common';
import { MessagingModule } from '@stoa/messaging';
import { shards } from '@stoa/shards-contract';
import { Directory } from './directory.js';
import { AbortMove } from './operations/moves/abort-move.js';
import { AddShard } from './operations/shards/add-shard.js';
import { EndDrain } from './operations/shards/end-drain.js';
import { GetMove } from './operations/moves/get-move.js';
import { GetRun } from './operations/runs/get-run.js';
import { GetShards } from './operations/shards/get-shards.js';
import { ListMoves } from './operations/moves/list-moves.js';
import { ListRuns } from './operations/runs/list-runs.js';
import { MoveBuckets } from './operations/moves/move-buckets.js';
import { PauseMove } from './operations/moves/pause-move.js';
import { PlanRebalance } from './operations/runs/plan-rebalance.js';
import { PurgeOrphans } from './operations/shards/purge-orphans.js';
import { ReconcileShard } from './operations/shards/reconcile-shard.js';
import { RemoveShard } from './operations/shards/remove-shard.js';
import { ResumeMove } from './operations/moves/resume-move.js';
import { ReverseMove } from './operations/moves/reverse-move.js';
import { StartDrain } from './operations/runs/start-drain.js';
import { StartRebalance } from './operations/runs/start-rebalance.js';
import { StartVerification } from './operations/runs/start-verification.js';
import { StopRun } from './operations/runs/stop-run.js';
import { WhereIsCustomer } from './operations/shards/where-is-customer.js';
import { Supervision } from './supervision.js';

const handlers = {
  getShards: GetShards,
  whereIsCustomer: WhereIsCustomer,
  planRebalance: PlanRebalance,
  startRebalance: StartRebalance,
  startDrain: StartDrain,
  endDrain: EndDrain,
  startVerification: StartVerification,
  getRun: GetRun,
  listRuns: ListRuns,
  stopRun: StopRun,
  moveBuckets: MoveBuckets,
  getMove: GetMove,
  listMoves: ListMoves,
  abortMove: AbortMove,
  reverseMove: ReverseMove,
  pauseMove: PauseMove,
  resumeMove: ResumeMove,
  addShard: AddShard,
  reconcileShard: ReconcileShard,
  purgeOrphans: PurgeOrphans,
  removeShard: RemoveShard,
};

@Module({
  imports: [MessagingModule.serve(shards, handlers)],
  providers: [Directory, Supervision],
})
export class ShardsModule {}
