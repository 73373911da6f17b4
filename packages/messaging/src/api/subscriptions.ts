/** The handlers that a service implements to follow other services' events and states. */
import type { Command, DataOf, Event, InputOf, State } from '@stoa/contract-kit';
import type { Sql } from '@stoa/postgres';
import type { Class } from './handlers.js';

/** One delivery of an event, in a transaction that also records its version: duplicates never get here. */
export interface EventContext<Tx extends Sql = Sql> {
  readonly tx: Tx;
  readonly bucket: number;
  readonly key: string;
  readonly version: number;
  readonly eventId: string;
  /** A UUIDv7 derived from the event's id: a second delivery gets the same. */
  mintId(n?: number): string;
  /** An outbox row in this transaction. `version` must grow per key. */
  publish<F extends Event | State>(message: F, version: number, data: DataOf<F>): Promise<void>;
  /**
   * Starts a durable flow of this service in this transaction; a clone runs it at once when that is committed. It is
   * called by the service itself. Its key must be in this transaction's bucket. @returns its command id
   */
  start<C extends Command>(command: C, input: InputOf<C>): Promise<string>;
}

/** An event before its transaction. */
export type EventAbout = Pick<EventContext, 'key' | 'version' | 'eventId'>;

/** Where a subscription that is new to the service begins: at the oldest event that is kept, or behind the last one. */
export type EventStart = 'earliest' | 'now';

/** Handles an event of any service. */
export interface EventHandler<F extends Event, Tx extends Sql = Sql> {
  /**
   * Works in other buckets or databases before the event's own transaction begins, so that no connection is held while
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
 * Keeps a copy of another service's states on every database of this service. One leader per database reads all Kafka
 * partitions from the offsets that are stored in that same database, so that a new database fills itself from nothing.
 */
export interface StateHandler<F extends State, Tx extends Sql = Sql> {
  /**
   * Gets the last state per key of a batch, in one transaction with the offsets. A state that is older than the copy's
   * must not overwrite it.
   */
  readonly apply: (tx: Tx, states: readonly KeyState<F>[]) => Promise<void>;
  /**
   * Deletes rows of the copy, as many as suit one transaction; true while there are more. It is called before the copy
   * begins anew, because nobody followed it for so long that Kafka may have forgotten which keys are gone. Without it,
   * these stay in the copy.
   */
  readonly clear?: (tx: Tx) => Promise<boolean>;
}

/** A class subscribed to events or states of a service: see onEvent and onState. */
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
