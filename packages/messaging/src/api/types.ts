/** The words that the parts of this package, and the services that use it, share. */
import type {
  Command,
  DataOf,
  ErrorCodeOf,
  Event,
  InputOf,
  OutputOf,
  Problem,
  Query,
  BusinessErrorDetails,
  ServiceContract,
  State,
} from '@stoa/contract-kit';
import type { Sql } from '@stoa/postgres';

/** Who asked, as the gateway established it; carried in the `caller` header as JSON. */
export type Caller =
  | { readonly kind: 'guest'; readonly customerId: string }
  | { readonly kind: 'customer'; readonly customerId: string }
  | { readonly kind: 'operator'; readonly customerId: string }
  /** Another service, or a step of a flow that no person asked for. */
  | { readonly kind: 'service'; readonly name: string };

/** Injection token of a service's Database. */
export const DATABASE = Symbol('stoa.database');

interface BaseContext<Op> {
  readonly caller: Caller;
  /** Refuses with one of the contract's errors. */
  fail(
    code: ErrorCodeOf<Op> | 'INVALID_INPUT' | 'STALE_VERSION',
    detail?: string,
    details?: BusinessErrorDetails,
  ): never;
}

export interface QueryContext<Op> extends BaseContext<Op> {
  /** Milliseconds left of the caller's budget. */
  readonly budgetMs: number;
}

/** What a statement that many commands share gets of one of them: a record of the JSON array that is its only value. */
export type StatementRecord = Readonly<Record<string, unknown>>;

/**
 * What a command gets that reads, decides, and writes behind its decision, so that it can share its transaction with other
 * commands (see BatchHandler).
 */
export interface BatchContext<Op> extends BaseContext<Op> {
  /**
   * The rows that a reading statement has for this command. The statement takes a JSON array of records as `$1`
   * (`json_to_recordset`), one of each command that asks the same, and gives back each record's `n` with its rows.
   */
  read<Row>(statement: string, record: StatementRecord): Promise<Row[]>;
  /**
   * Writes when the command has decided: not if it refuses. The statement takes records as for `read`, and writes a row for each.
   * A row that is there already (unique_violation) was made by another command meanwhile: the command is tried again.
   */
  write(statement: string, record: StatementRecord): void;
  readonly bucket: number;
  /** The same for every delivery and retry of the command. */
  readonly commandId: string;
  /** The version in If-Match, where the contract says `ifMatch`. */
  readonly expectedVersion: number | undefined;
  /** When the broker appended the command: the same clock for all clones and databases, and for all that one transaction writes. */
  readonly now: Date;
  /** A UUIDv7 derived from the command id: a retry gets the same. `mintId()` of a command keyed by `command.id` is its record key. */
  mintId(n?: number): string;
  /** An outbox row in this transaction. `version` must have been taken by updating the key's row, and grow per key. */
  publish<F extends Event | State>(message: F, version: number, data: DataOf<F>): Promise<void>;
  /** A state that is gone (a null body). */
  retract(message: State, version: number, key: string): Promise<void>;
}

export interface CommandContext<Op, Tx extends Sql = Sql> extends BatchContext<Op> {
  /** Refuses like `fail`, but what the command wrote and published stays: a counter of failed sign-ins. `fail` undoes it. */
  failAndKeep(code: ErrorCodeOf<Op>, detail?: string): never;
  /** The command's transaction: the inbox row is its first statement. No other handle is in reach. */
  readonly tx: Tx;
  /**
   * A statement whose answer the handler doesn't need, such as the update of a row that it has locked: sent at once, not
   * waited for, which saves a round trip. If it fails, nothing is committed and the command fails with its error.
   */
  pipeline(text: string, values: readonly unknown[]): void;
}

/**
 * What runs a command or a query. A command's handler may run again, or for nothing, and what it did be rolled back (a
 * fault that passes, a second delivery): it must change nothing but the database. `handle` is a property, not a method:
 * methods would let swapped handlers compile.
 */
export interface Handler<Op, Tx extends Sql = Sql> {
  readonly handle: Op extends Query
    ? (input: InputOf<Op>, context: QueryContext<Op>) => Promise<OutputOf<Op>>
    : (input: InputOf<Op>, context: CommandContext<Op, Tx>) => Promise<OutputOf<Op>>;
}

/**
 * Runs a command that does nothing but read, decide and write: many of those that come at the same time then share one transaction
 * (a group commit), which costs a fraction of one for each. It is still done once, wholly or not at all, by itself: what
 * another command of the group does, or fails at, changes nothing for it.
 */
export interface BatchHandler<Op> {
  readonly decide: (input: InputOf<Op>, context: BatchContext<Op>) => Promise<OutputOf<Op>>;
}

export interface StepRules {
  /**
   * The step's effect rests on something that holds for a while only: after this moment, by the clock of the step's own
   * database, it is refused as DEADLINE_EXCEEDED, however long its process slept before. That reply is not kept.
   */
  readonly until?: Date;
}

export interface FlowContext<Op> extends BaseContext<Op> {
  readonly commandId: string;
  /** The command id of a step: what the step will mint can be known before it runs (keyOf). */
  stepId(name: string): string;
  /** Runs another command of this service here, in a transaction of its own, under an id derived from this command's and the step's name. */
  step<C extends Command>(name: string, command: C, input: InputOf<C>, rules?: StepRules): Promise<OutputOf<C>>;
  /** The command id of a step: the same for each run of this flow, before the step is run and after. */
  stepId(name: string): string;
}

/** A command that spans several buckets: no transaction of its own, only steps that are commands (a saga). */
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

/** One delivery of an event to its handler, in a transaction that also records its version: duplicates never get here. */
export interface EventContext<Tx extends Sql = Sql> {
  readonly tx: Tx;
  readonly bucket: number;
  readonly key: string;
  readonly version: number;
  readonly eventId: string;
  mintId(n?: number): string;
  publish<F extends Event | State>(message: F, version: number, data: DataOf<F>): Promise<void>;
}

/** An event before its transaction. */
export type EventAbout = Pick<EventContext, 'key' | 'version' | 'eventId'>;

/** Where a subscription begins that is new to the service: at the oldest event that is kept, or behind those that are there. */
export type EventStart = 'earliest' | 'now';

export interface EventHandler<F extends Event, Tx extends Sql = Sql> {
  /**
   * Work in other buckets or databases, before the event's own transaction begins: so that no connection is held while
   * others are waited for. It may be done more than once, and must change nothing then.
   */
  readonly before?: (data: DataOf<F>, about: EventAbout) => Promise<void>;
  readonly on: (data: DataOf<F>, context: EventContext<Tx>) => Promise<void>;
}

/** The last state of a key; `data` is null when it is gone. */
export interface KeyState<F extends State> {
  readonly key: string;
  readonly version: number;
  readonly data: DataOf<F> | null;
}

/**
 * Keeps a copy of another service's states, on every database of this service: one leader per database reads all Kafka
 * partitions from the offsets that are stored in that same database, so that a new database fills itself from nothing.
 * `apply` gets the last state per key of a batch, in one transaction with the offsets; older versions than the copy's
 * must not overwrite newer ones.
 */
export interface StateHandler<F extends State, Tx extends Sql = Sql> {
  readonly apply: (tx: Tx, states: readonly KeyState<F>[]) => Promise<void>;
  /**
   * Forgets a part of the copy, of a size that suits one transaction; true while there is more. Called before the copy begins anew,
   * because it was not followed for so long that Kafka may have forgotten which keys are gone: without it, these stay in the copy.
   */
  readonly clear?: (tx: Tx) => Promise<boolean>;
}

export type Subscription =
  | {
      readonly kind: 'event';
      readonly message: Event;
      readonly handler: Class<EventHandler<never>>;
      /** `earliest` if not given. */
      readonly from?: EventStart;
    }
  | { readonly kind: 'state'; readonly message: State; readonly handler: Class<StateHandler<never>> };

/** A subscription with the object that the service's module made for it. */
export interface BoundSubscription {
  readonly subscription: Subscription;
  readonly handler: EventHandler<never> | StateHandler<never>;
}

/** A request as the gateway (or a service) sends it: the input is JSON already, and stays bytes on its way. */
export interface OutgoingRequest {
  readonly service: string;
  readonly operation: string;
  readonly kind: 'command' | 'query';
  /** Commands: the record key (one key's commands stay in order). Queries: null. */
  readonly key: string | null;
  readonly body: string | Buffer;
  /** Commands: the command id. Queries: any unique id. */
  readonly id: string;
  readonly caller: Caller;
  readonly budgetMs: number;
  /** The operation's `since`: a service whose contract is older refuses with UNSUPPORTED_CONTRACT_VERSION. */
  readonly contractVersion: number;
  readonly expectedVersion?: number;
  readonly traceparent?: string;
}

/** A reply as it came: the body is the output's JSON, or for a business error that of ErrorBody. */
export interface IncomingReply {
  readonly ok: boolean;
  readonly body: Buffer;
  /** The clone that answered. */
  readonly servedBy: string;
}

/** The JSON body of a business error. */
export interface ErrorBody {
  readonly code: string;
  readonly detail: string;
  readonly problems?: readonly Problem[];
  /** In how many seconds the same request may be answered otherwise. */
  readonly retryAfterSeconds?: number;
}
