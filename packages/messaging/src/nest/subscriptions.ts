import type { Event, State } from '@stoa/contract-kit';
import type { Class, EventHandler, StateHandler, Sql, Subscription } from '../types.js';

/** Subscribes a class to an event of any service. */
export const onEvent = <F extends Event, Tx extends Sql = Sql>(
  fact: F,
  handler: Class<EventHandler<F, Tx>>,
): Subscription => ({
  kind: 'event',
  fact,
  handler: handler as Class<EventHandler<never>>,
});

/** Keeps a copy of another service's states by way of a class. */
export const onState = <F extends State, Tx extends Sql = Sql>(
  fact: F,
  handler: Class<StateHandler<F, Tx>>,
): Subscription => ({
  kind: 'state',
  fact,
  handler: handler as Class<StateHandler<never>>,
});
