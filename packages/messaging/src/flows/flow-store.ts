import type { Command } from '@stoa/contract-kit';
import type { Database } from '@stoa/postgres';
import { backoff } from '@stoa/timing';
import type { CommandReply, CommandRequest } from '../api/command-execution.js';
import type { MessagingOptions } from '../api/options.js';
import { NOT_KNOWN, REUSED } from '../protocol/fixed-replies.js';
import { admitFlow, finishFlow, postponeFlow, replyOf, type FlowRun } from './flow-rows.js';
import { flowsTopic, parkFlow } from './given-up-flows.js';

const DEFAULT_BUDGET_MS = 5_000;
const AGAIN_FIRST_MS = 500;
const AGAIN_MOST_MS = 20_000;
/** Behind a run's budget: a run that is late must have said so before others take the flow up. */
const GRACE_SECONDS = 2;

/** Milliseconds that one run of a flow has. */
export const runBudget = ({ budgetMs = DEFAULT_BUDGET_MS }: Command): number => budgetMs;

/** Seconds for which a flow is left to the clone that runs it. */
export const leaseSeconds = (operation: Command): number => runBudget(operation) / 1000 + GRACE_SECONDS;

export interface FlowStoreOptions {
  readonly database: Database;
  readonly messaging: Pick<MessagingOptions, 'service' | 'logger' | 'metrics'>;
}

/** The requests of a service's durable flows, each a row in the bucket of its key. */
export class FlowStore {
  constructor(private readonly options: FlowStoreOptions) {}

  /**
   * Keeps a request before it runs. @returns the run, or the reply that it has already
   * @throws what the database throws
   */
  async admit(operation: Command, request: CommandRequest): Promise<FlowRun | CommandReply> {
    const { database } = this.options;
    const bucket = database.bucketOf(request.key);
    const kept = { ...request, bucket, operation };
    const row = await database.transaction(bucket, (tx) => admitFlow(tx, kept, leaseSeconds(operation)));
    if (!row.isSame) return REUSED;
    if (row.status === 'running') return { bucket, id: request.id, attempt: row.attempt };
    return replyOf(row) ?? NOT_KNOWN;
  }

  /** Ends a flow. @returns the reply of whichever run ended it first @throws what the database throws */
  async finish(run: FlowRun, reply: CommandReply): Promise<CommandReply> {
    const kept = await this.options.database.transaction(run.bucket, (tx) => finishFlow(tx, run, reply));
    return kept ?? NOT_KNOWN;
  }

  /** Has a flow run again a while later, or gives it up behind its day. @throws what the database throws */
  async postpone(run: FlowRun, reason: string): Promise<void> {
    const { database, messaging } = this.options;
    const seconds = (backoff(run.attempt, AGAIN_FIRST_MS, AGAIN_MOST_MS) * (0.5 + Math.random())) / 1000;
    const givenUp = await database.transaction(run.bucket, async (tx) => {
      const flow = await postponeFlow(tx, run, seconds, reason);
      if (flow) await parkFlow(tx, messaging.service, run, flow, reason);
      return flow;
    });
    if (!givenUp) return;
    const { operation, attempts } = givenUp;
    messaging.logger.error(
      { flow: run.id, operation, attempts, reason },
      'a flow was given up: it waits for an operator',
    );
    messaging.metrics?.deadLettered?.(flowsTopic(messaging.service), reason);
  }
}
