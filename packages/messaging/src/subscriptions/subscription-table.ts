import type { Event, State } from '@stoa/contract-kit';
import type { BoundSubscription, EventHandler, EventStart, StateHandler } from '../api/subscriptions.js';
import { topicOf } from '../outbox/outbox.js';

/** An event with the handler that is subscribed to it. */
export interface EventSubscription {
  readonly message: Event;
  readonly handler: EventHandler<never>;
  /** `earliest` if not given. */
  readonly from?: EventStart;
}

/** A type of states with the handler that keeps its copy. */
export interface StateSubscription {
  readonly message: State;
  readonly handler: StateHandler<never>;
}

/** The subscriptions to events among all of a service. */
export const eventsOf = (all: readonly BoundSubscription[]): EventSubscription[] =>
  all.flatMap(({ subscription, handler }) =>
    subscription.kind === 'event' ? [{ ...subscription, handler: handler as EventHandler<never> }] : [],
  );

/** The subscriptions to states among all of a service. */
export const statesOf = (all: readonly BoundSubscription[]): StateSubscription[] =>
  all.flatMap(({ subscription, handler }) =>
    subscription.kind === 'state' ? [{ message: subscription.message, handler: handler as StateHandler<never> }] : [],
  );

/** Subscriptions by the topic (without prefix) and name of the events or states that they follow. */
export class SubscriptionTable<S extends EventSubscription | StateSubscription> {
  private readonly byTopic = new Map<string, Map<string, S>>();

  /** @throws Error for two subscriptions to one event or state: nothing records which of them has handled a version */
  constructor(subscriptions: readonly S[]) {
    for (const subscription of subscriptions) {
      const { message } = subscription;
      const topic = topicOf(message);
      const types = this.byTopic.get(topic) ?? new Map<string, S>();
      if (types.has(message.name)) throw new Error(`Two subscriptions to ${message.service}.${message.name}`);
      this.byTopic.set(topic, types.set(message.name, subscription));
    }
  }

  get topics(): string[] {
    return [...this.byTopic.keys()];
  }

  get all(): S[] {
    return this.topics.flatMap((topic) => this.of(topic));
  }

  /** Those to events or states of one topic. */
  of(topic: string): S[] {
    return [...(this.byTopic.get(topic)?.values() ?? [])];
  }

  find(topic: string, type: string | undefined): S | undefined {
    return this.byTopic.get(topic)?.get(type ?? '');
  }
}
