import type { Background, BackgroundSetup } from './background.js';
import type { CommandExecutor } from '../api/command-execution.js';
import { BatchExecutor } from '../commands/batch-executor.js';
import { DeadLetters } from '../dead-letters/dead-letters.js';
import { EventConsumer } from '../events/event-consumer.js';
import { EventDelivery } from '../events/event-delivery.js';
import { ServerWork } from './server-work.js';
import {
  eventsOf,
  statesOf,
  SubscriptionTable,
  type EventSubscription,
  type StateSubscription,
} from '../subscriptions/subscription-table.js';

/** Milliseconds between two looks at which databases there are: shards come and go. */
const SERVERS_MS = 1_000;

/** All that a service does beside its requests, and what runs its commands. */
export class StorageRuntime implements Background {
  readonly executor: CommandExecutor;
  readonly deadLetters: DeadLetters;
  private readonly events: EventConsumer | undefined;
  private readonly states: SubscriptionTable<StateSubscription>;
  private readonly works = new Map<string, ServerWork>();
  /** Those that were there at the start: a shard that is added later gets its buckets only once it has caught up. */
  private awaited: readonly ServerWork[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly setup: BackgroundSetup) {
    const { port, database, options, subscriptions } = setup;
    const onPublished = (bucket: number): void => this.notify(database.serverNameOf?.(bucket));
    const table = new SubscriptionTable<EventSubscription>(eventsOf(subscriptions));
    const delivery = new EventDelivery({ database, subscriptions: table, onPublished });
    const validateOutput = process.env['NODE_ENV'] !== 'production';
    this.executor = new BatchExecutor({
      ...{ database, validateOutput, onPublished },
      onBatchFailed: (err, members) =>
        options.logger.debug({ err, members }, 'a group of commands could not commit together: each runs by itself'),
    });
    this.deadLetters = new DeadLetters(database, delivery);
    this.states = new SubscriptionTable(statesOf(subscriptions));
    if (table.topics.length > 0) {
      this.events = new EventConsumer({ port, database, messaging: options, delivery, subscriptions: table });
    }
  }

  /** Nothing of it need be there yet: what is away is waited for, and isReady() says so. */
  async start(): Promise<void> {
    this.followServers();
    this.awaited = [...this.works.values()];
    this.timer = setInterval(() => this.followServers(), SERVERS_MS);
    this.events?.start();
  }

  /**
   * False until each database's copy of states has come to where it should have been at the start, and the events are
   * joined. A database that is away holds up no clone that can serve others.
   */
  isReady(): boolean {
    const present = new Set(this.works.values());
    const awaited = this.awaited.filter((work) => present.has(work));
    const late = awaited.filter((work) => !work.isReady);
    const isCaughtUp = late.length === 0 || (late.length < awaited.length && late.every((work) => work.isUnavailable));
    return isCaughtUp && (this.events?.isJoined() ?? true);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all([this.events?.stop(), ...[...this.works.values()].map((work) => work.stop())]);
    this.works.clear();
  }

  /** The relay of one database; of all, where it is not known which. */
  private notify(server: string | undefined): void {
    for (const [name, work] of this.works) if (server === undefined || name === server) work.notify();
  }

  private followServers(): void {
    const { port, options: messaging, database } = this.setup;
    const servers = new Map(database.servers().map((server) => [server.name, server]));
    for (const [name, work] of this.works) {
      // A shard that is reached by another URL now is another server under the same name.
      if (servers.get(name) === work.server) continue;
      this.works.delete(name);
      void work.stop();
    }
    for (const [name, server] of servers) {
      if (this.works.has(name)) continue;
      const isTransient = (error: unknown): boolean => database.isTransient(error);
      const work = new ServerWork({ port, messaging, server, isTransient, states: this.states });
      this.works.set(name, work);
      work.start();
    }
  }
}

export const createBackground = (setup: BackgroundSetup): StorageRuntime => new StorageRuntime(setup);
