/** The handlers that a service implements for the operations of its contract, and the context that each kind gets. */
import type {
  Command,
  DataOf,
  ErrorCodeOf,
  Event,
  InputOf,
  OutputOf,
  Query,
  BusinessErrorDetails,
  ServiceContract,
  State,
} from '@stoa/contract-kit';
import type { Sql } from '@stoa/postgres';
import type { Caller } from './requests.js';

interface BaseContext<Op> {
  readonly caller: Caller;
  /** Refuses with one of the contract's errors. */
  fail(
    code: ErrorCodeOf<Op> | 'INVALID_INPUT' | 'STALE_VERSION',
    detail?: string,
    details?: BusinessErrorDetails,
  ): never;
}

/** The context of a query's handler. */
export interface QueryContext<Op> extends BaseContext<Op> {
  /** Milliseconds left of the caller's budget. */
  readonly budgetMs: number;
}

/** One command's values for a statement that many commands share: a record of the JSON array that is its only value. */
export type StatementRecord = Readonly<Record<string, unknown>>;

/**
 * The context of a command that reads, decides, and writes behind its decision, so that it can share its transaction
 * with other commands (see BatchHandler).
 */
export interface BatchContext<Op> extends BaseContext<Op> {
  /**
   * Reads this command's rows. The statement takes a JSON array of records as `$1` (`json_to_recordset`), one for each
   * command that reads the same, and returns each record's `n` with its rows.
   */
  read<Row>(statement: string, record: StatementRecord): Promise<Row[]>;
  /**
   * Writes once the command has decided, unless it refuses. The statement takes records as `read` does, and writes a
   * row for each. If another command has made the row meanwhile (unique_violation), this one is tried again.
   */
  write(statement: string, record: StatementRecord): void;
  readonly bucket: number;
  /** The same for every delivery and retry of the command. */
  readonly commandId: string;
  /** The version in If-Match, where the contract says `ifMatch`. */
  readonly expectedVersion: number | undefined;
  /**
   * When the broker appended the command: one clock for all clones and databases, and all that a transaction writes.
   */
  readonly now: Date;
  /**
   * A UUIDv7 derived from the command id: a retry gets the same. Of a command keyed by `command.id`, its record key.
   */
  mintId(n?: number): string;
  /** An outbox row in this transaction. `version` must have been taken by updating the key's row, and grow per key. */
  publish<F extends Event | State>(message: F, version: number, data: DataOf<F>): Promise<void>;
  /**
   * Starts a durable flow of this service in this transaction; a clone runs it at once when that is committed. It is
   * called by the service itself. Its key must be in this transaction's bucket. @returns its command id
   */
  start<C extends Command>(command: C, input: InputOf<C>): Promise<string>;
  /** Publishes that a key's state is gone (a null body). */
  retract(message: State, version: number, key: string): Promise<void>;
}

/** The context of a command that has a transaction of its own. */
export interface CommandContext<Op, Tx extends Sql = Sql> extends BatchContext<Op> {
  /** Refuses like `fail`, but keeps what the command wrote and published: a counter of failed sign-ins. */
  failAndKeep(code: ErrorCodeOf<Op>, detail?: string): never;
  /** The command's transaction: the inbox row is its first statement. No other handle is in reach. */
  readonly tx: Tx;
  /**
   * Sends a statement whose result the handler doesn't need, such as the update of a row that it has locked. It is not
   * awaited, which saves a round trip. If it fails, nothing is committed and the command fails with its error.
   */
  pipeline(text: string, values: readonly unknown[]): void;
}

/**
 * Runs a command or a query. A command's handler may run again, and its work may be rolled back (a transient fault, a
 * second delivery): it must change nothing but the database. `handle` is a property, because methods would let swapped
 * handlers compile.
 */
export interface Handler<Op, Tx extends Sql = Sql> {
  readonly handle: Op extends Query
    ? (input: InputOf<Op>, context: QueryContext<Op>) => Promise<OutputOf<Op>>
    : (input: InputOf<Op>, context: CommandContext<Op, Tx>) => Promise<OutputOf<Op>>;
}

/**
 * Runs a command that only reads, decides and writes. Many of those that come at the same time share one transaction (a
 * batch), which costs a fraction of one for each. Each is still done once, and wholly or not at all: what another
 * command of the batch does, or fails at, changes nothing for it.
 */
export interface BatchHandler<Op> {
  readonly decide: (input: InputOf<Op>, context: BatchContext<Op>) => Promise<OutputOf<Op>>;
}

/** Rules of one step of a flow. */
export interface StepRules {
  /**
   * For a step whose effect rests on something that holds for a while only. After this moment, by the clock of the
   * step's own database, it is refused as DEADLINE_EXCEEDED, however long its process slept before. That reply is not
   * kept.
   */
  readonly until?: Date;
}

/** The context of a flow. */
export interface FlowContext<Op> extends BaseContext<Op> {
  readonly commandId: string;
  /** The command id of a step, the same for each run of the flow: the ids that it mints are known before it runs. */
  stepId(name: string): string;
  /**
   * Runs another command of this service here, in a transaction of its own, under an id derived from this command's and
   * the step's name.
   */
  step<C extends Command>(name: string, command: C, input: InputOf<C>, rules?: StepRules): Promise<OutputOf<C>>;
  /**
   * Sends a command to another service, under an id derived from this command's and the call's name: the other service
   * does it once, however often this flow runs. Its contract must let this service call
   * (`caller: 'service:‹this one›'`), and the module must name the contract in `calls`. Its errors are thrown as those
   * of a step are. Without a reply it is sent again while the budget lasts; then it is UNAVAILABLE, and not known.
   */
  call<C extends Command>(name: string, command: C, input: InputOf<C>): Promise<OutputOf<C>>;
}

/**
 * Runs a command that spans several buckets or services: no transaction of its own, only steps and calls, which are
 * commands (a saga). It may run again: a step or call of the same name must have the same input then, so it follows
 * from the flow's input and from earlier replies, never from a clock or chance.
 */
export interface Flow<Op> {
  readonly run: (input: InputOf<Op>, context: FlowContext<Op>) => Promise<OutputOf<Op>>;
}

export type Class<T> = new (...args: never[]) => T;

/** The handler classes of a contract, by operation name: a missing, swapped or mistyped one does not compile. */
export type Handlers<C extends ServiceContract, Tx extends Sql = Sql> = {
  [Name in keyof C as C[Name] extends Command | Query ? Name : never]: C[Name] extends Command
    ? Class<Handler<C[Name], Tx>> | Class<BatchHandler<C[Name]>> | Class<Flow<C[Name]>>
    : Class<Handler<C[Name], Tx>>;
};
