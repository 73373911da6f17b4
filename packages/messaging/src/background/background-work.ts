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
import { EachServer } from './each-server.js';
import { ServerWork } from './server-work.js';
import { eventsOf, statesOf, SubscriptionTable, type EventSubscription } from '../subscriptions/subscription-table.js';

/**
 * The background of a service: work for each of its databases, the consumer of events, and the executor of commands.
 */
export class BackgroundWork implements Background {
  readonly executor: CommandExecutor;
  readonly deadLetters: DeadLetters;
  readonly flows: FlowStore | undefined;
  private rounds: FlowRounds | undefined;
  private readonly events: EventConsumer | undefined;
  private readonly works: EachServer<ServerWork>;
  /** The databases of the start. A shard that is added later gets its buckets only once it has caught up. */
  private awaited: readonly ServerWork[] = [];

  constructor(private readonly setup: BackgroundSetup) {
    const { port, database, options, subscriptions } = setup;
    const onPublished = (bucket: number): void => this.works.notify(database.serverNameOf?.(bucket));
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
    const states = new SubscriptionTable(statesOf(subscriptions));
    const isTransient = (error: unknown): boolean => database.isTransient(error);
    this.works = new EachServer(
      database,
      (server) => new ServerWork({ port, messaging: options, server, isTransient, states }),
    );
    if (table.topics.length > 0) {
      this.events = new EventConsumer({ port, database, messaging: options, delivery, subscriptions: table });
    }
  }

  /** Neither databases nor Kafka need be available yet: they are waited for, and isReady() says so. */
  async start(): Promise<void> {
    this.works.start();
    this.awaited = this.works.all;
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
    const present = new Set(this.works.all);
    const awaited = this.awaited.filter((work) => present.has(work));
    const late = awaited.filter((work) => !work.isReady);
    const isCaughtUp = late.length === 0 || (late.length < awaited.length && late.every((work) => work.isUnavailable));
    return isCaughtUp && (this.events?.isJoined() ?? true);
  }

  async stop(): Promise<void> {
    await Promise.all([this.events?.stop(), this.rounds?.stop(), this.works.stop()]);
  }
}

/** Makes the background of a service; `start` starts it. */
export const createBackground = (setup: BackgroundSetup): BackgroundWork => new BackgroundWork(setup);
