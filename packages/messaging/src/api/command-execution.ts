import type { Command } from '@stoa/contract-kit';
import type { Handler } from './handlers.js';
import type { Caller } from './requests.js';

/** A command with the handler that its service bound to it. A flow is never one; each of its steps is. */
export interface BoundCommand {
  readonly operation: Command;
  readonly handler: Handler<Command>;
  /** The handler only reads, decides and writes: it is a BatchHandler's `decide`. */
  readonly isBatched?: boolean;
}

/** One command as it came over Kafka, or as a step of a flow. */
export interface CommandRequest {
  /** The command id: the same for every delivery and retry. */
  readonly id: string;
  /** The record's key; its bucket is `database.bucketOf(key)`. */
  readonly key: string;
  /** The input's JSON as it was sent, of which the inbox keeps a hash. */
  readonly bodyText: string;
  /** The same, parsed and validated (with defaults): the handler's input. */
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

/** `body`: the JSON of the output, or (not ok) of an ErrorBody. */
export interface CommandReply {
  readonly ok: boolean;
  readonly body: string;
}

/**
 * Runs a command in one transaction: inbox row first, then the handler, its outbox rows, the reply.
 *
 * One call is one attempt: it throws what the handler or the database threw. The caller tries again, with the same
 * request, while `Database.isTransient(error)` and there is budget left; any other error becomes INTERNAL. An
 * OperationError that the handler threw (`fail`) is a reply (`ok: false`), not a throw.
 */
export interface CommandExecutor {
  execute(command: BoundCommand, request: CommandRequest): Promise<CommandReply>;
  /**
   * Finds out how a command ended whose budget is over before it was executed here: an earlier delivery may have done
   * it. Left out where no database knows.
   */
  settle?(command: BoundCommand, request: CommandRequest): Promise<CommandReply>;
  /**
   * Refuses a request whose id came before with another body, where the command's own inbox row can't: a flow has none,
   * and the row's hash leaves secrets out. Called before the request runs.
   * @returns the error; undefined: it may run. @throws what the database throws
   */
  admit?(operation: Command, request: CommandRequest, isFlow: boolean): Promise<CommandReply | undefined>;
  /** True when commands are spread over several database servers, so that each gets its share of a clone. */
  hasServers?(): boolean;
  /** The server that the commands of a key need, as far as is known. */
  serverOf?(key: string): string | undefined;
}
