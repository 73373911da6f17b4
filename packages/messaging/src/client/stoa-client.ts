import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { OperationError } from '@stoa/contract-kit';
import type { Headers, KafkaPort, KafkaRecord } from '@stoa/kafka';
import type { MessagingOptions } from '../api/options.js';
import { topicNames } from '../protocol/topics.js';
import type { Caller, ErrorBody, IncomingReply, OutgoingRequest } from '../api/requests.js';
import { BrokerClock } from '../clocks/broker-clock.js';
import { BrokerWatch } from './broker-watch.js';
import { CallerProofs } from '../callers/caller-proofs.js';
import { NOT_PROVEN } from '../callers/caller-proof.js';
import { DEFAULT_BOUND, type BoundSettings } from './concurrency-limiter.js';
import { PartBounds } from './shard-limiters.js';
import { PendingRequest } from './pending-request.js';
import { QuerySpread } from './query-spread.js';
import { operationErrorOf } from '../protocol/business-errors.js';
import { isPart, ReplyParts, requestOf } from '../replies/reply-parts.js';
import { ReplyTopic } from '../replies/reply-topic.js';
import { RequestSender } from './request-sender.js';
import { DEFAULT_ORPHAN_AFTER_MS, Sweeper } from '../replies/sweeper.js';

/** The state that this process keeps of a service that it sends requests to. */
interface Target {
  readonly bounds: PartBounds;
  readonly commands: RequestSender;
  readonly queries: RequestSender;
  readonly spread: QuerySpread;
  readonly topics: { readonly commands: string; readonly queries: string };
}

/** The pattern of `send()`: a request without its body. */
export type RequestPattern = Omit<OutgoingRequest, 'body'>;

/** These speak of the way to the service, not of the request: callers get them thrown. */
const TRANSPORT_ERRORS = new Set(['OVERLOADED', 'UNAVAILABLE', 'DEADLINE_EXCEEDED']);

/**
 * Asks services over Kafka and gets their answers. One per process: it owns the process's reply topic.
 * Nest's `send(pattern, input)` works too, with a RequestPattern; `request` saves parsing the body.
 */
export class StoaClient extends ClientProxy {
  private readonly clock = new BrokerClock();
  private readonly targets = new Map<string, Target>();
  private readonly pending = new Map<string, PendingRequest>();
  private readonly parts = new ReplyParts();
  private readonly replies: ReplyTopic;
  private readonly sweeper: Sweeper;
  private readonly watch: BrokerWatch;
  private readonly proofs: CallerProofs | undefined;
  private nextCorrelation = 0;
  private connecting: Promise<void> | undefined;
  private isOpen = false;

  constructor(
    private readonly port: KafkaPort,
    private readonly options: MessagingOptions,
    private readonly bound: BoundSettings = DEFAULT_BOUND,
  ) {
    super();
    const { topicPrefix, service, logger, orphanAfterMs = DEFAULT_ORPHAN_AFTER_MS } = options;
    this.replies = new ReplyTopic(port, options, this.clock, (records) => this.onReplies(records));
    const ownTopic = this.replies.name;
    this.sweeper = new Sweeper(port, this.clock, { topicPrefix, service, orphanAfterMs, logger, ownTopic });
    this.watch = new BrokerWatch(port);
    this.proofs = options.provesCallers ? new CallerProofs(port, options) : undefined;
  }

  /** Makes the reply topic. @throws KafkaError */
  async connect(): Promise<void> {
    this.connecting ??= this.open().catch((error: unknown) => {
      this.connecting = undefined;
      throw error;
    });
    await this.connecting;
  }

  private async open(): Promise<void> {
    await Promise.all([this.replies.open(), this.proofs?.open()]);
    this.sweeper.start();
    this.isOpen = true;
  }

  /** True while requests can be sent and replies can arrive. */
  isReady(): boolean {
    return this.isOpen && !this.watch.isDown && this.replies.isAlive();
  }

  /** False while a request to the service would be refused as OVERLOADED: so whoever asks can spare the work before. */
  hasRoom(service: string): boolean {
    return this.target(service).bounds.hasRoom;
  }

  /** The name of the topic that replies come on. */
  get replyTopic(): string {
    return this.replies.name;
  }

  /**
   * Sends a request and waits for the reply. A business error is a reply too (`ok: false`), unless it is one of the
   * transport.
   * @throws OperationError OVERLOADED (too many requests to the service are in flight), UNAVAILABLE (no answer within
   *   the budget, the broker is unavailable, or the service gave up), DEADLINE_EXCEEDED (the budget ran out in the
   *   service's queue), PAYLOAD_TOO_LARGE
   */
  async request(request: OutgoingRequest): Promise<IncomingReply> {
    const start = performance.now();
    const { metrics } = this.options;
    try {
      const first = await this.exchange(request, start);
      const reply = this.wantsAnotherProof(request, first) ? await this.exchange(request, start) : first;
      metrics?.requestSent?.(
        request.service,
        request.operation,
        reply.ok ? 'ok' : errorOf(reply.body).code,
        performance.now() - start,
      );
      return reply;
    } catch (error) {
      const outcome = error instanceof OperationError ? error.code : 'INTERNAL';
      metrics?.requestSent?.(request.service, request.operation, outcome, performance.now() - start);
      throw error;
    }
  }

  /** A service refuses what is not proven before it does anything, so the request may be sent again. */
  private wantsAnotherProof(request: OutgoingRequest, { ok, body }: IncomingReply): boolean {
    if (ok || !this.proofs) return false;
    const { code, detail } = errorOf(body);
    return code === 'UNAUTHENTICATED' && detail.startsWith(NOT_PROVEN) && this.proofs.refused(request);
  }

  private exchange(request: OutgoingRequest, start: number): Promise<IncomingReply> {
    if (!this.isOpen || this.watch.isDown) {
      throw new OperationError('UNAVAILABLE', 'The message broker cannot be reached');
    }
    const target = this.target(request.service);
    const key = request.key ?? customerOf(request.caller);
    const entry = target.bounds.enter(key);
    if (!entry) {
      throw new OperationError('OVERLOADED', `Too many requests to ${request.service} are in flight`);
    }
    const inFlight = request.kind === 'query' ? target.spread.begin() : undefined;
    return new Promise<IncomingReply>((resolve, reject) => {
      const correlation = (this.nextCorrelation++).toString(36);
      const pending = new PendingRequest(request, correlation, start + request.budgetMs, {
        replyTopic: this.replies.name,
        proof: this.proofs?.of(request),
        topic: request.kind === 'command' ? target.topics.commands : target.topics.queries,
        partition: inFlight?.partition,
        settle: (outcome, waitMs, servedBy) => {
          this.pending.delete(correlation);
          this.parts.forget(correlation);
          // A reply that a server which the service needs is unavailable says nothing of how busy the service is.
          const isUnavailable = outcome instanceof OperationError && outcome.code === 'UNAVAILABLE';
          if (isUnavailable && servedBy !== undefined) entry.end();
          else entry.leave(waitMs);
          inFlight?.end(servedBy);
          if (servedBy !== undefined) target.bounds.learn(key, servedBy);
          if (outcome instanceof OperationError) reject(outcome);
          else resolve(outcome);
        },
      });
      this.pending.set(correlation, pending);
      (request.kind === 'command' ? target.commands : target.queries).push(pending);
    });
  }

  private target(service: string): Target {
    let target = this.targets.get(service);
    if (!target) {
      const topics = topicNames(this.options.topicPrefix, service);
      target = {
        topics,
        bounds: new PartBounds(
          this.bound,
          (part, bound, inFlight) =>
            this.options.metrics?.concurrencyLimit?.(
              part === undefined ? service : `${service}@${part}`,
              bound,
              inFlight,
            ),
          this.options.mostInFlight,
        ),
        commands: new RequestSender(this.port, topics.commands, this.watch),
        queries: new RequestSender(this.port, topics.queries, this.watch),
        spread: new QuerySpread(
          () => this.port.admin.partitionCount(topics.queries),
          () => performance.now(),
          (partition) => this.port.leaderOf?.({ topic: topics.queries, key: null, partition }) !== -1,
        ),
      };
      this.targets.set(service, target);
    }
    return target;
  }

  private onReplies(records: readonly KafkaRecord[]): void {
    for (const record of records) {
      const pending = this.pending.get(requestOf(record));
      if (!pending) continue; // a heartbeat, a second delivery's reply, or one that came too late
      if (isPart(record)) this.onPart(record, pending);
      else this.onReply(record.headers, record.value ?? Buffer.alloc(0), pending);
    }
  }

  private onReply(headers: Headers, body: Buffer, pending: PendingRequest): void {
    const waitMs = Number(headers['wait']) || 0;
    const servedBy = headers['by'] ?? '';
    if (headers['status'] === 'ok') pending.settle({ ok: true, body, servedBy }, waitMs, servedBy);
    else pending.settle(refused(body, servedBy), waitMs, servedBy);
  }

  private onPart(record: KafkaRecord, pending: PendingRequest): void {
    try {
      const body = this.parts.add(record);
      if (body) this.onReply(record.headers, body, pending);
    } catch (error) {
      pending.failed(error instanceof OperationError ? error : new OperationError('INTERNAL'));
    }
  }

  /** Lets what is in flight end (within their budgets, 5 s at most), then deletes the reply topic. */
  override async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.proofs?.close();
    const deadline = performance.now() + 5_000;
    while (this.pending.size > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    for (const pending of this.pending.values()) {
      pending.failed(new OperationError('UNAVAILABLE', 'This clone is shutting down'));
    }
    this.watch.stop();
    await this.sweeper.stop();
    await this.replies.close();
  }

  override unwrap<T>(): T {
    return this.port as T;
  }

  protected override publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const reply = async (): Promise<void> => callback(await this.replyTo(packet));
    void reply();
    return () => undefined;
  }

  private async replyTo({ pattern, data }: ReadPacket): Promise<WritePacket> {
    try {
      const { ok, body } = await this.request({ ...(pattern as RequestPattern), body: JSON.stringify(data ?? {}) });
      const content: unknown = body.length > 0 ? JSON.parse(body.toString()) : null;
      return ok
        ? { response: content, isDisposed: true }
        : { err: operationErrorOf(content as ErrorBody), isDisposed: true };
    } catch (err) {
      return { err, isDisposed: true };
    }
  }

  protected override dispatchEvent(): Promise<never> {
    return Promise.reject(new Error('events are published by commands, through the outbox'));
  }
}

/** The sharding key of most questions: what a customer asks is about their own data. */
const customerOf = (caller: Caller): string | undefined => ('customerId' in caller ? caller.customerId : undefined);

function errorOf(body: Buffer): ErrorBody {
  try {
    return JSON.parse(body.toString()) as ErrorBody;
  } catch {
    return { code: 'INTERNAL', detail: 'The service replied with an error that cannot be read' };
  }
}

function refused(body: Buffer, servedBy: string): IncomingReply | OperationError {
  const error = errorOf(body);
  return TRANSPORT_ERRORS.has(error.code) ? operationErrorOf(error) : { ok: false, body, servedBy };
}
