import type { KafkaPort } from '../kafka/port.js';
import type { MessagingOptions } from '../options.js';
import type { DatabaseServer } from '../types.js';
import { caughtUp } from './catch-up.js';
import { keepHouse } from './housekeeping.js';
import { Leadership } from './leadership.js';
import type { LockSession } from './lock-session.js';
import { OutboxRelay } from './outbox-relay.js';
import { StateFollower } from './state-follower.js';
import type { StateSubscription, SubscriptionTable } from './subscriptions.js';

export interface ServerWorkOptions {
  readonly port: KafkaPort;
  readonly messaging: MessagingOptions;
  readonly server: DatabaseServer;
  readonly isTransient: (error: unknown) => boolean;
  readonly states: SubscriptionTable<StateSubscription>;
}

const LOCK = 'stoa.messaging';

/**
 * `SELECT pg_notify('stoa_outbox', '')` makes the leader empty the outbox at once: for a mover that has fenced buckets and
 * waits. Commands don't notify: NOTIFY makes commits queue up behind each other.
 */
const HURRY_CHANNEL = 'stoa_outbox';

/** What one clone among a service's clones does for one of its databases: relays its outbox, keeps its copy of states, purges. */
export class ServerWork {
  private readonly leadership: Leadership;
  private readonly relay: OutboxRelay;
  private readonly follower: StateFollower | undefined;
  private readonly stopping = new AbortController();
  private isCaughtUp = false;
  /** Set while the database could not be asked how far its copy of states is. */
  isAway = false;

  constructor(private readonly options: ServerWorkOptions) {
    const { port, messaging, server, states } = options;
    const { topicPrefix, clone, logger, metrics } = messaging;
    this.relay = new OutboxRelay({
      ...{ port, topicPrefix, server: server.name, logger },
      onRelayed: (records, lagMs) => metrics?.relayed?.(server.name, records, lagMs),
    });
    this.follower = states.topics.length > 0 ? new StateFollower({ ...options, subscriptions: states }) : undefined;
    this.leadership = new Leadership({
      ...{ url: server.url, applicationName: `${clone} leader`, lock: LOCK, logger },
      lead: (session, signal) => this.lead(session, signal),
    });
  }

  /** True once the copy of states has come to where it should have been when this started, whoever leads. */
  get isReady(): boolean {
    return this.isCaughtUp;
  }

  get server(): DatabaseServer {
    return this.options.server;
  }

  kick(): void {
    this.relay.kick();
  }

  start(): void {
    this.leadership.start();
    const { port, messaging, server, states } = this.options;
    const onAsked = (answers: boolean): void => void (this.isAway = !answers);
    void caughtUp({ port, messaging, server, topics: states.topics, onAsked }, this.stopping.signal).then(() => {
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
    await session.listen(HURRY_CHANNEL, () => this.relay.hurry());
    messaging.metrics?.leading?.(server.name, true);
    const parts = [
      this.relay.run(session, together),
      this.follower?.run(together),
      keepHouse({ server: server.name, logger: messaging.logger }, session, together),
    ].map((part) => part?.catch((error: unknown) => failed.abort(error)));
    await Promise.all(parts);
    messaging.metrics?.leading?.(server.name, false);
    failed.signal.throwIfAborted();
  }
}
