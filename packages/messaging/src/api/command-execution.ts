import type { Command } from '@stoa/contract-kit';
import type { Caller, Handler } from './types.js';

/**
 * A command with the handler that its service bound to it. Flows never get here: the transport runs them itself, and each
 * of their steps is a command of its own.
 */
export interface BoundCommand {
  readonly operation: Command;
  readonly handler: Handler<Command>;
  /** The handler does nothing but read, decide and write: it is a BatchHandler's `decide`. */
  readonly isBatched?: boolean;
}

/** One command as it came over Kafka, or as a step of a flow. */
export interface CommandRequest {
  /** The command id: the same for every delivery and retry. */
  readonly id: string;
  /** The record's key; its bucket is `database.bucketOf(key)`. */
  readonly key: string;
  /** The input's JSON as it was sent: what the inbox's body hash is taken of. */
  readonly bodyText: string;
  /** The same, parsed and validated (with defaults): what the handler gets. */
  readonly input: unknown;
  readonly caller: Caller;
  readonly expectedVersion: number | undefined;
  readonly traceparent: string | undefined;
  /** When the broker appended it: one clock for all clones and shards. The steps of a flow have the flow's. */
  readonly sentAt: Date;
  /** Not done any more after this moment; see StepRules. */
  readonly until?: Date | undefined;
  /** Milliseconds left of the caller's budget; below zero when it is over. Nothing is committed later. */
  budgetLeft(): number;
}

/** `body`: the JSON of the output, or (not ok) of an ErrorBody with a business error. */
export interface CommandReply {
  readonly ok: boolean;
  readonly body: string;
}

/**
 * Runs a command in one transaction: inbox row first, then the handler, its outbox rows, the reply.
 *
 * One call is one attempt: it throws what the handler or the database threw. The caller tries again, with the same request,
 * while `Database.isTransient(error)` and there is budget left; any other error it answers with INTERNAL. An OperationError
 * that the handler threw (`fail`) is a reply (`ok: false`), not a throw.
 */
export interface CommandExecutor {
  execute(command: BoundCommand, request: CommandRequest): Promise<CommandReply>;
  /**
   * What became of a command whose budget is over before it was executed here: an earlier delivery may have done it.
   * Left out where there is no database that knows.
   */
  settle?(command: BoundCommand, request: CommandRequest): Promise<CommandReply>;
  /**
   * Refuses a request whose id came before with another body, where the command's own inbox row does not tell: of a flow,
   * which has none, and of secrets, which the row's hash leaves out. Asked before the request runs.
   * @returns the business error; undefined: it may run. @throws what the database throws
   */
  admit?(operation: Command, request: CommandRequest, isFlow: boolean): Promise<CommandReply | undefined>;
  /** True when commands are spread over several database servers, so that each is to have its share of a clone. */
  hasServers?(): boolean;
  /** Which of them the commands of a key need, as far as is known. */
  serverOf?(key: string): string | undefined;
}

/** Injection token of the CommandExecutor. */
export const COMMAND_EXECUTOR = Symbol('stoa.command-executor');
