import { setTimeout as delay } from 'node:timers/promises';
import { OperationError, type BusinessErrorDetails } from '@stoa/contract-kit';
import type { CommandReply, CommandRequest } from '../api/command-execution.js';
import type { Logger } from '@stoa/kafka';
import { backoff } from '@stoa/timing';
import type { Binding, BoundOperation } from './binding.js';
import { DurableRunner, type Retrying } from './durable-runner.js';
import { FlowRunner } from './flow-runner.js';
import type { TakenFlow } from '../flows/flow-rows.js';
import { Unreadable, type Envelope } from '../protocol/envelope.js';
import { letsIn } from '../protocol/caller-rule.js';
import { secretFieldsOf } from '../protocol/secret-fields.js';
import { Unopened, type SealingKeys } from '../sealing/sealed-fields.js';
import { NOT_KNOWN } from '../protocol/fixed-replies.js';
import { bodyOf } from '../replies/reply-parts.js';
import {
  invalidInputReply,
  isDeclared,
  problemsOf,
  commonErrorReply,
  businessErrorReply,
} from '../protocol/business-errors.js';

const UNOPENED = commonErrorReply(
  'UNAVAILABLE',
  'A secret of the request was sealed by a key that this clone does not have; try again',
);

const RETRY_FIRST_MS = 15;
const RETRY_MOST_MS = 250;

type BoundQuery = Extract<BoundOperation, { kind: 'query' }>;
type BoundCommandOrFlow = Exclude<BoundOperation, BoundQuery>;

const fail = (code: string, detail?: string, details?: BusinessErrorDetails): never => {
  throw new OperationError(code, detail, details);
};

/** Runs one request: finds its operation, checks the input, calls the handler or the command's executor. */
export class Dispatcher {
  private readonly flows: FlowRunner;
  private readonly durable: DurableRunner | undefined;

  constructor(
    private readonly binding: Binding,
    private readonly logger: Logger,
    private readonly sealing?: SealingKeys,
  ) {
    this.flows = new FlowRunner(binding);
    this.durable = binding.flows && new DurableRunner(binding.flows, this.flows, logger);
  }

  /**
   * @param budgetLeft milliseconds until the caller gives up
   * @param pause waits for so many milliseconds before it is tried again
   * @throws Unreadable when the body is not JSON; nothing else
   */
  async run(
    envelope: Envelope,
    budgetLeft: () => number,
    pause: (ms: number) => Promise<void> = delay,
  ): Promise<CommandReply> {
    const found = this.find(envelope);
    if ('body' in found) return found;
    const bodyText = await this.openedBody(found, envelope);
    if (bodyText === undefined) return UNOPENED;
    const parsed = found.input.safeParse(parseJson(bodyText));
    if (!parsed.success) return invalidInputReply(problemsOf(parsed.error));
    const retrying: Retrying = (attempt) => this.retrying(found, envelope, budgetLeft, pause, attempt);
    if (found.kind === 'query') return retrying(() => this.ask(found, envelope, parsed.data, budgetLeft));
    const request = this.request(envelope, bodyText, parsed.data, budgetLeft);
    if (found.kind === 'flow' && this.durable && found.operation.durable) {
      return this.durable.run(found, request, retrying);
    }
    return retrying(this.command(found, request));
  }

  /** Runs a durable flow that was taken up. Never rejects. */
  async resume(taken: TakenFlow): Promise<void> {
    const bound = this.binding.operations.get(taken.operation);
    if (bound?.kind !== 'flow') return; // not taken up, since it is not known here
    await this.durable?.resume(
      bound,
      taken,
      (budgetLeft) => (attempt) => this.retrying(bound, taken, budgetLeft, delay, attempt),
    );
  }

  /**
   * Answers a request whose budget is over already. What another clone made of a command may be known.
   * @param waitMs how long it waited
   */
  async runLate(envelope: Envelope, budgetLeft: () => number, waitMs: number): Promise<CommandReply> {
    const late = commonErrorReply(
      'DEADLINE_EXCEEDED',
      `The request waited for ${Math.round(waitMs)} ms, longer than its budget`,
    );
    const found = this.find(envelope);
    const { executor } = this.binding;
    // A newer clone, which knows the operation, may have had it before.
    if ('body' in found) return envelope.key === null ? late : NOT_KNOWN;
    if (found.kind === 'query' || !executor.settle) return late;
    if (found.kind === 'flow') return NOT_KNOWN;
    try {
      const bodyText = await this.openedBody(found, envelope);
      if (bodyText === undefined) return UNOPENED;
      return await executor.settle(found, this.request(envelope, bodyText, undefined, budgetLeft));
    } catch (error) {
      this.logger.warn({ err: error, operation: envelope.operation, messageId: envelope.id }, 'a late command');
      return NOT_KNOWN;
    }
  }

  /** The body with what was sealed to this service opened; undefined when it was sealed to another. */
  private async openedBody({ operation }: BoundOperation, { body }: Envelope): Promise<string | undefined> {
    const text = body.toString();
    const secrets = this.sealing ? secretFieldsOf(operation) : [];
    if (!this.sealing || secrets.length === 0) return text;
    try {
      return await this.sealing.openFields(text, secrets, `${operation.service}.${operation.name}`);
    } catch (error) {
      if (!(error instanceof Unopened)) return text; // it is not JSON, which is said in a moment
      this.logger.warn({ err: error, operation: operation.name }, 'a sealed field could not be opened');
      return undefined;
    }
  }

  private find({ operation, contractVersion, key, caller }: Envelope): BoundOperation | CommandReply {
    const { contract, operations } = this.binding;
    const { name, version } = contract.$about;
    if (contractVersion > version) {
      return commonErrorReply(
        'UNSUPPORTED_CONTRACT_VERSION',
        `This clone of ${name} knows its contract up to version ${version}, not ${contractVersion}`,
      );
    }
    const bound = operations.get(operation);
    if (!bound) return commonErrorReply('UNKNOWN_OPERATION', `${name} has no operation ${operation}`);
    const isQuery = bound.kind === 'query';
    if (isQuery !== (key === null))
      return commonErrorReply('UNKNOWN_OPERATION', `${name}.${operation} is a ${isQuery ? 'query' : 'command'}`);
    if (letsIn(bound.operation, caller)) return bound;
    return commonErrorReply('FORBIDDEN', `${name}.${operation} is not for a ${caller.kind}`);
  }

  private async ask(
    { handler }: BoundQuery,
    { caller }: Envelope,
    input: unknown,
    budgetLeft: () => number,
  ): Promise<CommandReply> {
    const output = await handler.handle(input, { caller, fail, budgetMs: budgetLeft() });
    return { ok: true, body: bodyOf(output) };
  }

  /** One attempt after the other at a command or flow, which is admitted once. */
  private command(bound: BoundCommandOrFlow, request: CommandRequest): () => Promise<CommandReply> {
    const { executor } = this.binding;
    let isAdmitted = false;
    return async () => {
      if (!isAdmitted) {
        const refused = await executor.admit?.(bound.operation, request, bound.kind === 'flow');
        if (refused) return refused;
        isAdmitted = true;
      }
      return bound.kind === 'command' ? executor.execute(bound, request) : this.flows.run(bound, request);
    };
  }

  private request(envelope: Envelope, bodyText: string, input: unknown, budgetLeft: () => number): CommandRequest {
    const { id, key, caller, expectedVersion, traceparent, appendedAt } = envelope;
    return {
      id,
      key: key ?? '',
      bodyText,
      input,
      caller,
      expectedVersion,
      traceparent,
      sentAt: new Date(appendedAt),
      budgetLeft,
    };
  }

  /**
   * Tries again after transient faults while the caller waits. Of other faults, callers learn only that there was one.
   */
  private async retrying(
    { operation }: BoundOperation,
    { id }: { readonly id: string },
    budgetLeft: () => number,
    pause: (ms: number) => Promise<void>,
    attempt: () => Promise<CommandReply>,
  ): Promise<CommandReply> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (isDeclared(operation, error)) return businessErrorReply(error);
        const fields = { err: error, operation: operation.name, messageId: id };
        if (!this.binding.isTransient(error)) {
          this.logger.error(fields, 'a handler failed');
          return commonErrorReply('INTERNAL', 'The service failed; the failure was logged');
        }
        const pauseMs = backoff(failures, RETRY_FIRST_MS, RETRY_MOST_MS) * (0.5 + Math.random());
        if (budgetLeft() > pauseMs) {
          this.logger.debug(fields, 'a fault that may pass: trying again');
          await pause(pauseMs);
          if (budgetLeft() > 0) continue;
        }
        this.logger.warn(fields, 'a fault that may pass did not, within the budget');
        return commonErrorReply('UNAVAILABLE', 'The service could not reach its data in time');
      }
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Unreadable(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
