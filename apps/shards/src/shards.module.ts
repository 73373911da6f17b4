import { Module } from '@nestjs/common';
import { MessagingModule } from '@stoa/messaging';
import { shards } from '@stoa/shards-contract';
import { Directory } from './directory.js';
import { AbortMove } from './operations/abort-move.js';
import { AddShard } from './operations/add-shard.js';
import { EndDrain } from './operations/end-drain.js';
import { GetMove } from './operations/get-move.js';
import { GetRun } from './operations/get-run.js';
import { GetShards } from './operations/get-shards.js';
import { ListMoves } from './operations/list-moves.js';
import { ListRuns } from './operations/list-runs.js';
import { MoveBuckets } from './operations/move-buckets.js';
import { PauseMove } from './operations/pause-move.js';
import { PlanRebalance } from './operations/plan-rebalance.js';
import { PurgeOrphans } from './operations/purge-orphans.js';
import { ReconcileShard } from './operations/reconcile-shard.js';
import { RemoveShard } from './operations/remove-shard.js';
import { ResumeMove } from './operations/resume-move.js';
import { ReverseMove } from './operations/reverse-move.js';
import { StartDrain } from './operations/start-drain.js';
import { StartRebalance } from './operations/start-rebalance.js';
import { StartVerification } from './operations/start-verification.js';
import { StopRun } from './operations/stop-run.js';
import { WhereIsCustomer } from './operations/where-is-customer.js';
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
