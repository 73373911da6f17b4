import type { Command, DataOf, Event, InputOf, State } from '@stoa/contract-kit';
import type { KafkaRecord } from '@stoa/kafka';
import { NO_STATEMENT, transact, type Database, type Outcome, type Sql } from '@stoa/postgres';
import type { EventAbout, EventContext } from '../api/subscriptions.js';
import { BeforeFailed } from '../bulkheads/record-faults.js';
import { START_FLOWS } from '../flows/flow-rows.js';
import type { FlowStarts } from '../flows/flow-starts.js';
import { messageRow, writeOutbox, type OutboxRow } from '../outbox/outbox.js';
import {
  firstParked,
  lockFirstParked,
  lockParked,
  park,
  unpark,
  type EventKey,
  type ParkedEvent,
} from '../parked-events/parked-events.js';
import { deriveId, publishedId } from '../protocol/ids.js';
import { parseMessage, type MessageRecord, type ParsedMessage } from '../subscriptions/event-record.js';
import type { EventSubscription, SubscriptionTable } from '../subscriptions/subscription-table.js';
import { admit, takeVersion } from './event-versions.js';

/** Whether a handler wrote what others go on with. */
interface Written {
  readonly published: boolean;
  readonly started: boolean;
}

/** The context of a handler, and the messages that it published. */
class EventRun implements EventContext {
  readonly messages: OutboxRow[] = [];
  /** How many flows it started. */
  started = 0;

  constructor(
    readonly tx: Sql,
    private readonly at: EventKey,
    private readonly event: ParsedMessage,
    private readonly traceparent: string | undefined,
    private readonly starts: FlowStarts | undefined,
  ) {}

  get bucket(): number {
    return this.at.bucket;
  }

  get key(): string {
    return this.at.key;
  }

  get version(): number {
    return this.event.version;
  }

  get eventId(): string {
    return this.event.id;
  }

  readonly mintId = (n = 0): string => deriveId(this.event.id, 'mint', String(n));

  readonly publish = async <F extends Event | State>(message: F, version: number, data: DataOf<F>): Promise<void> => {
    const id = publishedId(this.event.id, this.messages.length);
    this.messages.push(messageRow(message, version, data, { id, traceparent: this.traceparent }));
  };

  readonly start = async <C extends Command>(command: C, input: InputOf<C>): Promise<string> => {
    if (!this.starts) throw new Error('no flow can be started here');
    const { bucket, started: n, traceparent } = this;
    const { id, record } = this.starts.rowOf(command, input, { bucket, id: this.event.id, n, traceparent });
    this.started += 1;
    await this.tx.query(START_FLOWS, [JSON.stringify([record])]);
    return id;
  };
}

const NOTHING_WRITTEN: Written = { published: false, started: false };

const aboutOf = ({ key }: EventKey, { version, id: eventId }: ParsedMessage): EventAbout => ({ key, version, eventId });

/**
 * The outcome of a delivery: handled, ignored as a duplicate, parked behind others of its key, or found parked by a
 * clone that stopped before it wrote the dead letter.
 */
export type Delivered = 'handled' | 'duplicate' | 'behind' | 'unreported';

export interface EventDeliveryOptions {
  readonly database: Database;
  readonly subscriptions: SubscriptionTable<EventSubscription>;
  readonly starts?: FlowStarts;
  readonly onPublished?: (bucket: number) => void;
  readonly onStarted?: (bucket: number) => void;
}

/** Handles each event in one transaction with its version, so that no version of a key is handled twice. */
export class EventDelivery {
  constructor(private readonly options: EventDeliveryOptions) {}

  /**
   * Delivers an event to its handler, unless it is a duplicate or has to be parked.
   * @throws UnreadableRecord; BeforeFailed; what the handler or the database throws. Its transaction writes nothing
   * then.
   */
  async deliver(at: EventKey, subscription: EventSubscription, record: KafkaRecord): Promise<Delivered> {
    const event = parseMessage(subscription.message, record);
    for (;;) {
      const delivered = await this.attempt(at, subscription, record, event);
      if (delivered !== 'unparked') return delivered;
    }
  }

  private async attempt(at: EventKey, subscription: EventSubscription, record: KafkaRecord, event: ParsedMessage) {
    await this.prepare(at, subscription, event);
    let written = NOTHING_WRITTEN;
    const delivered = await transact<Delivered | 'unparked'>(this.options.database, at.bucket, async (tx) => {
      const admission = await admit(tx, at, subscription.message.name, event.version);
      if (admission === 'parked') {
        // An operator may have replayed or dropped the parked events since: then it is this one's turn.
        if (!(await lockParked(tx, at))) return { value: 'unparked', lastStatement: NO_STATEMENT };
        const owed = await park(tx, at, record, null, 0);
        return { value: owed === undefined ? 'behind' : 'unreported', lastStatement: NO_STATEMENT };
      }
      if (admission === 'duplicate') return { value: 'duplicate', lastStatement: NO_STATEMENT };
      const outcome = await this.handle(tx, at, subscription, record, event);
      written = outcome.value;
      return { value: 'handled', lastStatement: outcome.lastStatement };
    });
    this.notify(at, written);
    return delivered;
  }

  /** Runs the handler's `before`, but not while the event has to wait behind others of its key. */
  private async prepare(at: EventKey, { handler }: EventSubscription, event: ParsedMessage): Promise<void> {
    if (!handler.before) return;
    const isBehind = await this.options.database.transaction(at.bucket, (tx) => firstParked(tx, at));
    if (isBehind) return;
    try {
      await handler.before(event.data as never, aboutOf(at, event));
    } catch (error) {
      throw new BeforeFailed(error);
    }
  }

  /**
   * Handles the first parked event of a key; it is not parked any more then.
   * @returns false when none is left. @throws as deliver; the event stays parked.
   */
  async deliverFirstParked(at: EventKey, onFirst: (event: ParkedEvent) => void): Promise<boolean> {
    const first = await this.options.database.transaction(at.bucket, (tx) => firstParked(tx, at));
    if (!first) return false;
    onFirst(first);
    const { subscription, event } = this.parse(at, first);
    await subscription.handler.before?.(event.data as never, aboutOf(at, event));
    let written = NOTHING_WRITTEN;
    const found = await transact(this.options.database, at.bucket, async (tx) => {
      const parked = await lockFirstParked(tx, at);
      if (!parked) return { value: false, lastStatement: NO_STATEMENT };
      // An operator may have dropped it meanwhile: the next one is for the next call.
      if (parked.id !== first.id) return { value: true, lastStatement: NO_STATEMENT };
      const { value, lastStatement } = await this.handleParked(tx, at, parked);
      written = value;
      await lastStatement;
      return { value: true, lastStatement: unpark(tx, parked) };
    });
    this.notify(at, written);
    return found;
  }

  private parse(at: EventKey, { type, headers, body }: ParkedEvent) {
    const subscription = this.options.subscriptions.find(at.topic, type);
    if (!subscription) throw new Error(`nothing here listens to '${type}' of ${at.topic} any more: drop it`);
    const record = { headers, value: body };
    return { subscription, record, event: parseMessage(subscription.message, record) };
  }

  private async handleParked(tx: Sql, at: EventKey, parked: ParkedEvent): Promise<Outcome<Written>> {
    const { subscription, record, event } = this.parse(at, parked);
    const isNew = await takeVersion(tx, at, parked.type, event.version);
    if (!isNew) return { value: NOTHING_WRITTEN, lastStatement: NO_STATEMENT };
    return this.handle(tx, at, subscription, record, event);
  }

  private notify({ bucket }: EventKey, { published, started }: Written): void {
    if (published) this.options.onPublished?.(bucket);
    if (started) this.options.onStarted?.(bucket);
  }

  private async handle(
    tx: Sql,
    at: EventKey,
    { handler }: EventSubscription,
    { headers }: MessageRecord,
    event: ParsedMessage,
  ): Promise<Outcome<Written>> {
    const run = new EventRun(tx, at, event, headers['traceparent'], this.options.starts);
    await handler.on(event.data as never, run);
    const value = { published: run.messages.length > 0, started: run.started > 0 };
    return { value, lastStatement: writeOutbox(tx, at.bucket, run.messages) };
  }
}
