import type { Background, BackgroundSetup } from './background.js';
import type { CommandExecutor } from '../api/command-execution.js';
import { BatchExecutor } from '../commands/batch-executor.js';
import { DeadLetters } from '../dead-letters/dead-letters.js';
import { EventConsumer } from '../events/event-consumer.js';
import { EventDelivery } from '../events/event-delivery.js';
import type { TakenFlow } from '../flows/flow-rows.js';
import { durableOf, FlowRounds } from '../flows/flow-rounds.js';
import { FlowStarts } from '../flows/flow-starts.js';
import { FlowStore } from '../flows/flow-store.js';
import { ServerWork } from './server-work.js';
import {
  eventsOf,
  statesOf,
  SubscriptionTable,
  type EventSubscription,
  type StateSubscription,
} from '../subscriptions/subscription-table.js';

/**
 * Milliseconds between two polls of the list of databases, to which shards are added and from which they are removed.
 */
const SERVERS_POLL_MS = 1_000;

/**
 * The background of a service: work for each of its databases, the consumer of events, and the executor of commands.
 */
export class BackgroundWork implements Background {
  readonly executor: CommandExecutor;
  readonly deadLetters: DeadLetters;
  readonly flows: FlowStore | undefined;
  private rounds: FlowRounds | undefined;
  private readonly events: EventConsumer | undefined;
  private readonly states: SubscriptionTable<StateSubscription>;
  private readonly works = new Map<string, ServerWork>();
  /** The databases of the start. A shard that is added later gets its buckets only once it has caught up. */
  private awaited: readonly ServerWork[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly setup: BackgroundSetup) {
    const { port, database, options, subscriptions } = setup;
    const onPublished = (bucket: number): void => this.notify(database.serverNameOf?.(bucket));
    const onStarted = (bucket: number): void => this.rounds?.notify(database.serverNameOf?.(bucket));
    const starts = new FlowStarts(database, options.service);
    const table = new SubscriptionTable<EventSubscription>(eventsOf(subscriptions));
    const delivery = new EventDelivery({ database, subscriptions: table, starts, onPublished, onStarted });
    const validateOutput = process.env['NODE_ENV'] !== 'production';
    this.executor = new BatchExecutor({
      database,
      validateOutput,
      starts,
      onPublished,
      onStarted,
      onBatchFailed: (err, commands) =>
        options.logger.debug({ err, commands }, 'a batch of commands could not commit: each runs by itself'),
    });
    if (durableOf(setup.contract).length > 0) this.flows = new FlowStore({ database, messaging: options });
    this.deadLetters = new DeadLetters(database, delivery);
    this.states = new SubscriptionTable(statesOf(subscriptions));
    if (table.topics.length > 0) {
      this.events = new EventConsumer({ port, database, messaging: options, delivery, subscriptions: table });
    }
  }

  /** Neither databases nor Kafka need be available yet: they are waited for, and isReady() says so. */
  async start(): Promise<void> {
    this.followServers();
    this.awaited = [...this.works.values()];
    this.timer = setInterval(() => this.followServers(), SERVERS_POLL_MS);
    this.events?.start();
  }

  startFlows(run: (flow: TakenFlow) => Promise<void>): void {
    const { database, options: messaging, contract } = this.setup;
    if (!this.flows) return;
    this.rounds = new FlowRounds({ database, messaging, contract, run });
    this.rounds.start();
  }

  /**
   * False until each database's copy of states has caught up with its topics' ends of the start, and the group for
   * events is joined. A database that is unavailable holds up no clone that can serve others.
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
    await Promise.all([
      this.events?.stop(),
      this.rounds?.stop(),
      ...[...this.works.values()].map((work) => work.stop()),
    ]);
    this.works.clear();
  }

  /** Notifies the relay of one database; of all, where it is not known which. */
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

/** Makes the background of a service; `start` starts it. */
export const createBackground = (setup: BackgroundSetup): BackgroundWork => new BackgroundWork(setup);
