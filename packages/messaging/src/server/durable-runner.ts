import { OperationError, type Command } from '@stoa/contract-kit';
import type { Logger } from '@stoa/kafka';
import type { CommandReply, CommandRequest } from '../api/command-execution.js';
import type { FlowRun, TakenFlow } from '../flows/flow-rows.js';
import { runBudget, type FlowStore } from '../flows/flow-store.js';
import { businessErrorReply, isDeclared, outcomeOf, TRANSIENT_ERRORS } from '../protocol/business-errors.js';
import { NOT_KNOWN } from '../protocol/fixed-replies.js';
import type { BoundFlow } from './binding.js';
import type { FlowRunner } from './flow-runner.js';

/** Tries again after transient faults within the budget; every error becomes a reply. */
export type Retrying = (attempt: () => Promise<CommandReply>) => Promise<CommandReply>;

const HOPELESS = 'none of its runs came to an end: the clones that began them ended first';

/**
 * DurableRunner runs flows whose request is kept: what it can't end now is run again later, by whichever clone. A reply
 * that may be another one at the next run (UNAVAILABLE) ends no such flow.
 */
export class DurableRunner {
  constructor(
    private readonly store: FlowStore,
    private readonly flows: FlowRunner,
    private readonly logger: Logger,
  ) {}

  /** Runs a request that came over Kafka. */
  async run(bound: BoundFlow, request: CommandRequest, retrying: Retrying): Promise<CommandReply> {
    let run: FlowRun | undefined;
    let fault: unknown;
    const reply = await retrying(async () => {
      const admitted = run ?? (await this.store.admit(bound.operation, request));
      if ('ok' in admitted) return admitted;
      run = admitted;
      return this.attempt(bound, request, run, (error) => (fault = error));
    });
    if (!run || !isOpen(reply)) return reply;
    await this.postpone(bound.operation, run, fault, reply);
    return outcomeOf(reply) === 'INTERNAL' ? reply : NOT_KNOWN;
  }

  /** Runs a request that was taken up. Never rejects. */
  async resume(bound: BoundFlow, taken: TakenFlow, retrying: (budgetLeft: () => number) => Retrying): Promise<void> {
    const deadline = performance.now() + runBudget(bound.operation);
    const budgetLeft = (): number => deadline - performance.now();
    let fault: unknown = taken.isHopeless ? new Error(taken.reason ?? HOPELESS) : undefined;
    const reply = taken.isHopeless
      ? NOT_KNOWN
      : await retrying(budgetLeft)(() =>
          this.attempt(bound, requestOf(bound, taken, budgetLeft), taken, (error) => (fault = error)),
        );
    if (isOpen(reply)) await this.postpone(bound.operation, taken, fault, reply);
  }

  private async attempt(
    bound: BoundFlow,
    request: CommandRequest,
    run: FlowRun,
    onFault: (error: unknown) => void,
  ): Promise<CommandReply> {
    try {
      const reply = await this.outcome(bound, request);
      return isOpen(reply) ? reply : await this.store.finish(run, reply);
    } catch (error) {
      onFault(error);
      throw error;
    }
  }

  /** @throws what is no end of the flow */
  private async outcome(bound: BoundFlow, request: CommandRequest): Promise<CommandReply> {
    try {
      return await this.flows.run(bound, request);
    } catch (error) {
      if (!isDeclared(bound.operation, error) || TRANSIENT_ERRORS.has(error.code)) throw error;
      if (error.code !== 'IDEMPOTENCY_KEY_REUSED') return businessErrorReply(error);
      throw new Error('a step has another input than in an earlier run, so the flow does not go on', { cause: error });
    }
  }

  private async postpone(operation: Command, run: FlowRun, fault: unknown, reply: CommandReply): Promise<void> {
    const reason = fault instanceof Error ? reasonOf(fault) : reply.body.slice(0, 1_000);
    try {
      await this.store.postpone(run, reason);
    } catch (err) {
      // Its time is over soon, and others take it up.
      this.logger.warn({ err, operation: operation.name, messageId: run.id }, 'a flow could not be postponed');
    }
  }
}

const reasonOf = (error: Error): string =>
  `${error instanceof OperationError ? `${error.code}: ` : ''}${error.message}`.slice(0, 1_000);

/** Whether the next run may come to another reply. */
const isOpen = (reply: CommandReply): boolean => !reply.ok && TRANSIENT_ERRORS.has(outcomeOf(reply));

const requestOf = ({ input }: BoundFlow, taken: TakenFlow, budgetLeft: () => number): CommandRequest => ({
  id: taken.id,
  key: taken.key,
  bodyText: taken.bodyText,
  input: input.parse(JSON.parse(taken.bodyText)),
  caller: taken.caller,
  expectedVersion: undefined,
  traceparent: taken.traceparent,
  sentAt: taken.now,
  budgetLeft,
});
