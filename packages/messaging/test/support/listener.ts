import type { KafkaPort } from '@stoa/kafka';
import type { Database } from '@stoa/postgres';
import { eventually } from '@stoa/testing';
import type { BoundSubscription, EventContext } from '../../src/api/subscriptions.js';
import { BackgroundWork } from '../../src/background/background-work.js';
import { DeadLetters } from '../../src/dead-letters/dead-letters.js';
import { EventConsumer } from '../../src/events/event-consumer.js';
import { EventDelivery } from '../../src/events/event-delivery.js';
import { SubscriptionTable, type EventSubscription } from '../../src/subscriptions/subscription-table.js';
import { counter } from './counter.js';
import type { TestKafka } from './kafka.js';

/** The data of an event of `counter`. */
export interface Counted {
  readonly name: string;
  readonly count: number;
}

/** An event handler that inserts each event into `seen`. */
export const noteSeen = async ({ name, count }: Counted, { tx, version }: EventContext): Promise<void> => {
  await tx.query('INSERT INTO seen (name, count, version) VALUES ($1, $2, $3)', [name, count, version]);
};

/**
 * The consumer of a service `listener`, which tries again soon, and the operator's view of the events that it parks.
 */
export function eventConsumer(
  kafka: TestKafka,
  database: Database,
  handlers: readonly EventSubscription[],
  port: KafkaPort = kafka.port,
): { readonly consumer: EventConsumer; readonly deadLetters: DeadLetters } {
  const subscriptions = new SubscriptionTable<EventSubscription>(handlers);
  const delivery = new EventDelivery({ database, subscriptions });
  const messaging = kafka.optionsOf('listener');
  const consumer = new EventConsumer({ port, database, messaging, delivery, subscriptions, retryMs: 10 });
  return { consumer, deadLetters: new DeadLetters(database, delivery) };
}

/** Clones of a service `listener` in this process, each with a connection of its own. */
export class ListenerClones {
  private readonly running = new Set<BackgroundWork>();

  constructor(
    private readonly kafka: TestKafka,
    private readonly database: Database,
  ) {}

  async start(...subscriptions: BoundSubscription[]): Promise<BackgroundWork> {
    const port = await this.kafka.open();
    const options = this.kafka.optionsOf('listener');
    const clone = new BackgroundWork({ port, options, database: this.database, contract: counter, subscriptions });
    this.running.add(clone);
    await clone.start();
    return clone;
  }

  /** Starts a clone and waits until it is ready. */
  async ready(...subscriptions: BoundSubscription[]): Promise<BackgroundWork> {
    const clone = await this.start(...subscriptions);
    await eventually(() => expect(clone.isReady()).toBe(true));
    return clone;
  }

  async stop(clone: BackgroundWork): Promise<void> {
    this.running.delete(clone);
    await clone.stop();
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.running].map((clone) => this.stop(clone)));
  }
}
