import type { KafkaPort } from '@stoa/kafka';
import { type DatabaseServer, Leadership, type Duty, type LockSession } from '@stoa/postgres';
import type { MessagingOptions } from '../api/options.js';
import { FLUSH_CHANNEL } from '../outbox/flush-channel.js';
import { OutboxRelay } from '../outbox/outbox-relay.js';
import { caughtUp } from '../states/state-catch-up.js';
import { StateFollower } from '../states/state-follower.js';
import { copyOf } from '../states/state-offsets.js';
import { SubscriptionTable, type StateSubscription } from '../subscriptions/subscription-table.js';
import type { WorkOfServer } from './each-server.js';
import { purgeExpired } from './purge-expired.js';

export interface ServerWorkOptions {
  readonly port: KafkaPort;
  readonly messaging: MessagingOptions;
  readonly server: DatabaseServer;
  readonly isTransient: (error: unknown) => boolean;
  readonly states: SubscriptionTable<StateSubscription>;
}

const LOCK = 'stoa.messaging';
/**
 * The lock for a type of states. Each has its own: a clone of the version before may hold all other locks and not know
 * the type. Then a clone that does know it follows it.
 */
const lockOf = (copy: string): string => `stoa.states ${copy}`;

/** The work of one clone for one of its service's databases: the outbox's relay, the purge, the copies of states. */
export class ServerWork implements WorkOfServer {
  private readonly leadership: Leadership;
  private readonly relay: OutboxRelay;
  private readonly stopping = new AbortController();
  private isCaughtUp = false;
  /** True while the database does not report how far its copy of states is. */
  isUnavailable = false;

  constructor(private readonly options: ServerWorkOptions) {
    const { port, messaging, server, states } = options;
    const { topicPrefix, clone, logger, metrics } = messaging;
    this.relay = new OutboxRelay({
      port,
      topicPrefix,
      server: server.name,
      logger,
      onRelayed: (records, lagMs) => metrics?.relayed?.(server.name, records, lagMs),
    });
    this.leadership = new Leadership({
      url: server.url,
      applicationName: `${clone} leader`,
      logger,
      duties: [
        { lock: LOCK, lead: (session, signal) => this.lead(session, signal) },
        ...states.all.map((subscription) => this.following(subscription)),
      ],
    });
  }

  /** True once the copy of states has caught up with its topics' ends of the start, whoever leads. */
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
    const onPolled = (isAvailable: boolean): void => void (this.isUnavailable = !isAvailable);
    const copies = states.all.map(({ message }) => copyOf(message));
    const wanted = { port, messaging, server, topics: states.topics, copies, onPolled };
    void caughtUp(wanted, this.stopping.signal).then(() => {
      this.isCaughtUp = !this.stopping.signal.aborted;
    });
  }

  /** Waits for the end of the work under way. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.leadership.stop();
  }

  /** Runs the relay and the purge together: if one ends with an error, the other ends too. */
  private async lead(session: LockSession, signal: AbortSignal): Promise<void> {
    const { messaging, server } = this.options;
    const failed = new AbortController();
    const together = AbortSignal.any([signal, failed.signal]);
    await session.listen(FLUSH_CHANNEL, () => this.relay.flush());
    messaging.metrics?.leading?.(server.name, true);
    const works = [
      this.relay.run(session, together),
      purgeExpired({ server: server.name, logger: messaging.logger }, session, together),
    ].map((work) => work.catch((error: unknown) => failed.abort(error)));
    await Promise.all(works);
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
