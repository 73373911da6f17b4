import type { Event, State } from '@stoa/contract-kit';
import type { BoundSubscription, EventHandler, EventStart, StateHandler } from '../api/types.js';
import { topicOf } from '../outbox/outbox.js';

export interface EventSubscription {
  readonly fact: Event;
  readonly handler: EventHandler<never>;
  /** `earliest` if not given. */
  readonly from?: EventStart;
}

export interface StateSubscription {
  readonly fact: State;
  readonly handler: StateHandler<never>;
}

export const eventsOf = (all: readonly BoundSubscription[]): EventSubscription[] =>
  all.flatMap(({ subscription, handler }) =>
    subscription.kind === 'event' ? [{ ...subscription, handler: handler as EventHandler<never> }] : [],
  );

export const statesOf = (all: readonly BoundSubscription[]): StateSubscription[] =>
  all.flatMap(({ subscription, handler }) =>
    subscription.kind === 'state' ? [{ fact: subscription.fact, handler: handler as StateHandler<never> }] : [],
  );

/** Subscriptions by the topic (without prefix) and name of what they listen to. */
export class SubscriptionTable<S extends EventSubscription | StateSubscription> {
  private readonly byTopic = new Map<string, Map<string, S>>();

  /** @throws Error for two subscriptions to one fact: which of them has handled a version could not be told apart. */
  constructor(subscriptions: readonly S[]) {
    for (const subscription of subscriptions) {
      const { fact } = subscription;
      const topic = topicOf(fact);
      const types = this.byTopic.get(topic) ?? new Map<string, S>();
      if (types.has(fact.name)) throw new Error(`Two subscriptions to ${fact.service}.${fact.name}`);
      this.byTopic.set(topic, types.set(fact.name, subscription));
    }
  }

  get topics(): string[] {
    return [...this.byTopic.keys()];
  }

  get all(): S[] {
    return this.topics.flatMap((topic) => this.of(topic));
  }

  /** Those to facts of one topic. */
  of(topic: string): S[] {
    return [...(this.byTopic.get(topic)?.values() ?? [])];
  }

  find(topic: string, type: string | undefined): S | undefined {
    return this.byTopic.get(topic)?.get(type ?? '');
  }
}
