import type { KafkaPort } from '@stoa/kafka';
import { type DatabaseServer, Leadership, type Duty, type LockSession } from '@stoa/postgres';
import type { MessagingOptions } from '../api/options.js';
import { caughtUp } from '../states/state-catch-up.js';
import { purgeExpired } from './purge-expired.js';
import { OutboxRelay } from '../outbox/outbox-relay.js';
import { StateFollower } from '../states/state-follower.js';
import { copyOf } from '../states/state-offsets.js';
import { SubscriptionTable, type StateSubscription } from '../subscriptions/subscription-table.js';

export interface ServerWorkOptions {
  readonly port: KafkaPort;
  readonly messaging: MessagingOptions;
  readonly server: DatabaseServer;
  readonly isTransient: (error: unknown) => boolean;
  readonly states: SubscriptionTable<StateSubscription>;
}

const LOCK = 'stoa.messaging';
/**
 * A lock for each type of states: a clone of the version before may lead in all else and not know the type. Then one that does
 * follows it.
 */
const lockOf = (copy: string): string => `stoa.states ${copy}`;

/**
 * `SELECT pg_notify('stoa_outbox', '')` makes the leader empty the outbox at once: for a mover that has fenced buckets and
 * waits. Commands don't notify: NOTIFY makes commits queue up behind each other.
 */
const FLUSH_CHANNEL = 'stoa_outbox';

/** What one clone of a service does for one of its databases: relays its outbox and purges, keeps its copies of states. */
export class ServerWork {
  private readonly leadership: Leadership;
  private readonly relay: OutboxRelay;
  private readonly stopping = new AbortController();
  private isCaughtUp = false;
  /** Set while the database could not be asked how far its copy of states is. */
  isUnavailable = false;

  constructor(private readonly options: ServerWorkOptions) {
    const { port, messaging, server, states } = options;
    const { topicPrefix, clone, logger, metrics } = messaging;
    this.relay = new OutboxRelay({
      ...{ port, topicPrefix, server: server.name, logger },
      onRelayed: (records, lagMs) => metrics?.relayed?.(server.name, records, lagMs),
    });
    this.leadership = new Leadership({
      ...{ url: server.url, applicationName: `${clone} leader`, logger },
      duties: [
        { lock: LOCK, lead: (session, signal) => this.lead(session, signal) },
        ...states.all.map((subscription) => this.following(subscription)),
      ],
    });
  }

  /** True once the copy of states has come to where it should have been when this started, whoever leads. */
  get isReady(): boolean {
    return this.isCaughtUp;
  }

  get server(): DatabaseServer {
    return this.options.server;
  }

  notify(): void {
    this.relay.notify();
  }

  start(): void {
    this.leadership.start();
    const { port, messaging, server, states } = this.options;
    const onAsked = (answers: boolean): void => void (this.isUnavailable = !answers);
    const copies = states.all.map(({ message }) => copyOf(message));
    const wanted = { port, messaging, server, topics: states.topics, copies, onAsked };
    void caughtUp(wanted, this.stopping.signal).then(() => {
      this.isCaughtUp = !this.stopping.signal.aborted;
    });
  }

  /** Lets what is under way come to an end. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.leadership.stop();
  }

  /** All together, or none: one that gives up ends the others. */
  private async lead(session: LockSession, signal: AbortSignal): Promise<void> {
    const { messaging, server } = this.options;
    const failed = new AbortController();
    const together = AbortSignal.any([signal, failed.signal]);
    await session.listen(FLUSH_CHANNEL, () => this.relay.flush());
    messaging.metrics?.leading?.(server.name, true);
    const parts = [
      this.relay.run(session, together),
      purgeExpired({ server: server.name, logger: messaging.logger }, session, together),
    ].map((part) => part.catch((error: unknown) => failed.abort(error)));
    await Promise.all(parts);
    messaging.metrics?.leading?.(server.name, false);
    failed.signal.throwIfAborted();
  }
  private following(subscription: StateSubscription): Duty {
    const { messaging, server } = this.options;
    const copy = copyOf(subscription.message);
    const follower = new StateFollower({ ...this.options, subscriptions: new SubscriptionTable([subscription]) });
    const lead: Duty['lead'] = async (_session, signal) => {
      messaging.metrics?.following?.(server.name, copy, true);
      await follower.run(signal).finally(() => messaging.metrics?.following?.(server.name, copy, false));
    };
    return { lock: lockOf(copy), lead };
  }
}
