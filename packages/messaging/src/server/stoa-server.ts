import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Background } from '../background/background.js';
import type { CommandExecutor, CommandReply } from '../api/command-execution.js';
import { ensureTopics } from '../contracts/ensure-topics.js';
import { publishContract } from '../contracts/publish-contract.js';
import type { GroupConsumer, KafkaPort } from '@stoa/kafka';
import type { MessagingOptions } from '../api/options.js';
import { CallerKeys } from '../callers/caller-keys.js';
import type { DeadLetters } from '../dead-letters/dead-letters.js';
import { EventGroups } from '../subscriptions/event-groups.js';
import { clockTopic, topicNames, type TopicNames } from '../protocol/topics.js';
import { callersOf, type Binding, type Calls } from './binding.js';
import { BrokerClock } from '../clocks/broker-clock.js';
import { ClockCheck } from '../clocks/clock-check.js';
import { Dispatcher } from './dispatcher.js';
import type { TakenFlow } from '../flows/flow-rows.js';
import { readEnvelope, type Envelope } from '../protocol/envelope.js';
import { Intake, type Work } from '../intake/intake.js';
import type { Slot } from '../intake/keyed-executor.js';
import { faultOf, outcomeOf, commonErrorReply } from '../protocol/business-errors.js';
import { DEFAULT_HEARTBEAT_MS } from '../replies/reply-topic.js';
import { ReplySender, type ServedReply } from '../replies/reply-sender.js';
import { SealingKeys } from '../sealing/sealed-fields.js';
import { UnreadableRequests } from './unreadable-requests.js';

const sealingKeys = ({ sealingSecrets }: MessagingOptions): SealingKeys | undefined =>
  sealingSecrets && sealingSecrets.length > 0 ? new SealingKeys(sealingSecrets) : undefined;

/** The operations that a server serves, and the work that runs beside them. */
export interface Served {
  readonly binding: Binding;
  readonly background?: Background;
}

export interface StoaServerOptions {
  readonly port: KafkaPort;
  readonly messaging: MessagingOptions;
  /** Puts the contract and its handlers together; called when the server begins to listen. */
  readonly bind: () => Promise<Served>;
}

// Of the ten seconds that a clone has to go: the rest is for replies, commits and leaving.
const DRAIN_MS = 7_000;

/**
 * Serves a contract's commands and queries: a Nest transport strategy over Kafka. Clones share the Kafka partitions in
 * one consumer group. What is acknowledged (its offset committed) was answered; what was in work when a clone died is
 * handled again by the next, where the inbox makes that harmless.
 */
export class StoaServer extends Server implements CustomTransportStrategy {
  private readonly kafka: KafkaPort;
  private readonly options: MessagingOptions;
  private readonly names: TopicNames;
  private readonly clock = new BrokerClock();
  private readonly clockCheck = new ClockCheck(this.clock, () => this.clock.sync(this.ping));
  private readonly replies: ReplySender;
  private readonly unreadable: UnreadableRequests;
  private readonly intake: Intake;
  private readonly sealing: SealingKeys | undefined;
  private readonly callerKeys: CallerKeys | undefined;
  private dispatcher: Dispatcher | undefined;
  private executor: CommandExecutor | undefined;
  private consumer: GroupConsumer | undefined;
  private runningBackground: Background | undefined;
  private calls: Calls | undefined;
  private clockTimer: NodeJS.Timeout | undefined;
  private isClosing = false;

  constructor(private readonly setup: StoaServerOptions) {
    super();
    const { port, messaging } = setup;
    this.kafka = port;
    this.options = messaging;
    this.names = topicNames(messaging.topicPrefix, messaging.service);
    this.replies = new ReplySender(port, messaging.clone, messaging.logger);
    this.unreadable = new UnreadableRequests(port, messaging, () => this.isClosing);
    this.sealing = sealingKeys(messaging);
    this.callerKeys = messaging.provesCallers ? new CallerKeys(port, messaging, this.sealing) : undefined;
    this.intake = new Intake(() => this.consumer, this.intakeOptions());
  }

  private intakeOptions(): ConstructorParameters<typeof Intake>[1] {
    const {
      maxConcurrency = 320,
      maxQueued = 2_048,
      maxQueuedBytes = 32 * 1024 * 1024,
      metrics,
      logger,
    } = this.options;
    return {
      limits: { concurrency: maxConcurrency, messages: maxQueued, bytes: maxQueuedBytes },
      keyOf: ({ topic, key }) => (topic === this.names.commands ? (key?.toString() ?? null) : null),
      ownerOf: ({ topic, key }) => (topic === this.names.commands && key ? this.serverOf(key.toString()) : undefined),
      handle: (work, slot) => this.clockCheck.settled?.then(() => this.handle(work, slot)) ?? this.handle(work, slot),
      refuse: (work) => this.refuse(work),
      onQueued: (messages, bytes) => metrics?.queued?.(messages, bytes),
      onPaused: ({ topic, partition }, isPaused) => {
        logger.warn({ topic, partition, isPaused }, isPaused ? 'paused: this clone cannot keep up' : 'resumed');
        metrics?.paused?.(topic, partition, isPaused);
      },
      onCommitFailed: (err) => logger.warn({ err }, 'offsets could not be committed; trying again'),
    };
  }

  /**
   * Makes the topics, publishes the contract, joins the group. Nest calls it; `callback` gets an error, if there is
   * one.
   */
  override async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      await this.open();
      callback();
    } catch (error) {
      callback(error);
    }
  }

  private async open(): Promise<void> {
    const { binding, background } = await this.setup.bind();
    const { sealing } = this;
    const { logger } = this.options;
    this.dispatcher = new Dispatcher(binding, logger, sealing);
    this.executor = binding.executor;
    await ensureTopics(this.kafka, this.options, binding.contract);
    await Promise.all([this.callerKeys?.open(callersOf(binding.contract)), binding.calls?.open()]);
    this.calls = binding.calls;
    await this.clock.syncClosely(this.ping);
    this.keepClock();
    this.runningBackground = background;
    await background?.start();
    background?.startFlows?.((flow) => this.resume(flow));
    this.consumer = await this.kafka.consumeGroup({
      groupId: this.names.group,
      topics: [this.names.commands, this.names.queries],
      isolation: 'uncommitted',
      startAt: 'beginning',
      onRecords: (records) => {
        this.clockCheck.observe(records);
        this.intake.take(records);
      },
      onAssigned: (partitions) => {
        this.intake.assigned(partitions);
        this.reportPartitions(0);
      },
      onRevoked: (partitions) => {
        this.intake.revoked(partitions);
        this.reportPartitions(partitions.length);
      },
      onFault: (err) => logger.warn({ err }, 'reading requests; trying again'),
    });
    this.reportPartitions(0);
    await publishContract(this.kafka, this.options, binding.contract, sealing?.publicKey);
  }

  /** True while this clone is a member of its group, and what runs beside the requests agrees. */
  isReady(): boolean {
    const { consumer, runningBackground, calls } = this;
    if (this.isClosing || !consumer?.isJoined()) return false;
    return (runningBackground?.isReady() ?? true) && (calls?.isReady() ?? true);
  }

  /** Events that could not be handled, for operators. Undefined until it listens, or without a database. */
  get deadLetters(): DeadLetters | undefined {
    return this.runningBackground?.deadLetters;
  }

  /**
   * Another clone of this service is dead: what it had of Kafka goes to the others now, not when its session times out.
   * @returns how many memberships it had @throws KafkaError
   */
  async evict(clone: string): Promise<number> {
    const { admin } = this.kafka;
    const evict = async (groups: readonly string[]): Promise<number> => {
      const evicted = await Promise.all(groups.map((group) => admin.evict(group, clone)));
      return evicted.reduce((sum, members) => sum + members, 0);
    };
    // Requests first: they must not wait for a list. Of events, it may have been in a group of another version's.
    const [requests, events] = await Promise.all([
      evict([this.names.group]),
      this.runningBackground ? this.eventGroups().then(evict) : 0,
    ]);
    return requests + events;
  }

  private async eventGroups(): Promise<string[]> {
    const groups = new EventGroups(this.names.eventsGroup);
    return (await this.kafka.admin.listGroups()).filter((id) => groups.isOurs(id));
  }

  /** Reports a moment later: partitions that are being taken are still this clone's when it is notified. */
  private reportPartitions(taken: number): void {
    setImmediate(() => this.options.metrics?.partitions?.(this.consumer?.assignment().length ?? 0, taken));
  }

  private ping = (): Promise<number> =>
    this.kafka.append({ topic: clockTopic(this.options.topicPrefix), key: null, value: null });

  private keepClock(): void {
    this.clockTimer = setTimeout(() => {
      void this.clock
        .sync(this.ping)
        .catch((error: unknown) => this.options.logger.debug({ err: error }, "the broker's time could not be read"))
        .then(() => this.isClosing || this.keepClock());
    }, this.options.heartbeatMs ?? DEFAULT_HEARTBEAT_MS);
    this.clockTimer.unref();
  }

  /** The database server that a command needs; undefined where there is one for all. */
  private serverOf(key: string): string | undefined {
    return this.executor?.hasServers?.() ? this.executor.serverOf?.(key) : undefined;
  }

  /** Work that waits for the command's server fills its share of this clone: others' work must not wait behind it. */
  private refuse(work: Work): void {
    try {
      const envelope = readEnvelope(work.record, this.names.commands);
      const waitMs = this.clock.age(envelope.appendedAt);
      const reply = commonErrorReply('UNAVAILABLE', 'Too many requests wait for the same data');
      this.options.metrics?.requestHandled?.(envelope.operation, 'UNAVAILABLE', waitMs, 0);
      this.reply(work, envelope, reply, waitMs, performance.now() + envelope.budgetMs - waitMs);
    } catch (error) {
      void this.unreadable.giveUp(work, error);
    }
  }

  private async handle(work: Work, slot: Slot): Promise<void> {
    let envelope: Envelope;
    try {
      envelope = readEnvelope(work.record, this.names.commands);
    } catch (error) {
      return this.unreadable.giveUp(work, error);
    }
    // In this order: a process that freezes between the two gives the request too little time, never too much.
    const now = performance.now();
    const waitMs = this.clock.age(envelope.appendedAt);
    const deadline = now + envelope.budgetMs - waitMs;
    const budgetLeft = (): number => deadline - performance.now();
    try {
      const start = performance.now();
      const reply = await this.inContext(envelope, slot, () => this.dispatch(envelope, budgetLeft, waitMs, slot));
      this.options.metrics?.requestHandled?.(envelope.operation, outcomeOf(reply), waitMs, performance.now() - start);
      this.reply(work, envelope, reply, waitMs, deadline);
    } catch (error) {
      this.reply(
        { ...work, done: () => undefined },
        envelope,
        commonErrorReply('INVALID_INPUT', 'The request could not be read'),
        waitMs,
        deadline,
      );
      await this.unreadable.giveUp(work, error);
    }
  }

  private async resume(flow: TakenFlow): Promise<void> {
    const { runWith } = this.options;
    const work = async (): Promise<void> => this.dispatcher?.resume(flow);
    const context = { traceparent: flow.traceparent, messageId: flow.id, operation: flow.operation };
    await (runWith ? runWith(context, work) : work());
  }

  private async dispatch(
    envelope: Envelope,
    budgetLeft: () => number,
    waitMs: number,
    slot: Slot,
  ): Promise<ServedReply> {
    if (!this.dispatcher) throw new Error('the server does not listen yet');
    const { dispatcher } = this;
    const run = (from: Envelope): Promise<CommandReply> =>
      budgetLeft() <= 0
        ? dispatcher.runLate(from, budgetLeft, waitMs)
        : dispatcher.run(from, budgetLeft, (ms) => slot.pause(ms));
    const reply = await (this.callerKeys?.run(envelope, run) ?? run(envelope));
    return { ...reply, from: this.options.servedFrom?.() };
  }

  private inContext(
    { traceparent, id, operation }: Envelope,
    slot: Slot,
    work: () => Promise<ServedReply>,
  ): Promise<ServedReply> {
    const { runWith } = this.options;
    if (!runWith) return work();
    const useServer = this.executor?.hasServers?.() ? (server: string) => slot.use(server) : undefined;
    return runWith({ traceparent, messageId: id, operation, useServer }, work, faultOf);
  }

  private reply(work: Work, envelope: Envelope, reply: ServedReply, waitMs: number, deadline: number): void {
    const { correlation, replyTopic } = envelope;
    work.grow(reply.body.length);
    this.replies.push(replyTopic, { correlation, reply, waitMs, deadline, done: work.done });
  }

  /**
   * Stops taking requests, finishes those in work, sends their replies, commits and leaves the group, within 10 s. What
   * is not finished by then is not acknowledged: another clone gets it.
   */
  override async close(): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    clearTimeout(this.clockTimer);
    await this.consumer?.stop();
    if (!(await this.intake.drain(DRAIN_MS))) {
      this.options.logger.warn({}, 'requests were still in work at the end; other clones will handle them again');
    }
    await this.consumer?.close().catch((error: unknown) => {
      this.options.logger.warn({ err: error }, 'leaving the group');
    });
    await this.runningBackground?.stop();
    await Promise.all([this.callerKeys?.close(), this.calls?.close()]);
  }

  override on(): never {
    throw new Error('this transport emits no events');
  }

  override unwrap<T>(): T {
    return this.kafka as T;
  }
}
