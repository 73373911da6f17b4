import type { Event, State } from '@stoa/contract-kit';
import type { Sql } from '@stoa/postgres';
import type { Class } from '../api/handlers.js';
import type { EventHandler, EventStart, StateHandler, Subscription } from '../api/subscriptions.js';

export interface EventOptions {
  /**
   * Where the subscription begins when it is new to the service: with the oldest event of the last seven days
   * (`earliest`, if not given), or with the first that comes after it (`now`). Fixed once, when the first clone that
   * has it starts.
   */
  readonly from?: EventStart;
}

/** Subscribes a class to an event of any service. */
export const onEvent = <F extends Event, Tx extends Sql = Sql>(
  message: F,
  handler: Class<EventHandler<F, Tx>>,
  { from = 'earliest' }: EventOptions = {},
): Subscription => ({
  kind: 'event',
  message,
  from,
  handler: handler as Class<EventHandler<never>>,
});

/** Keeps a copy of another service's states by way of a class. */
export const onState = <F extends State, Tx extends Sql = Sql>(
  message: F,
  handler: Class<StateHandler<F, Tx>>,
): Subscription => ({
  kind: 'state',
  message,
  handler: handler as Class<StateHandler<never>>,
});
