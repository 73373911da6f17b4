import type { KafkaAccess, KafkaClientName, Logger } from '@stoa/kafka';

/** Called as things happen; each is optional and must not throw. */
export interface MessagingMetrics {
  /** A request got its reply, or was given up. `outcome` is `ok` or the error's code. */
  requestSent?(service: string, operation: string, outcome: string, ms: number): void;
  /** A request was handled. `waitMs`: how long it queued before its handler ran. */
  requestHandled?(operation: string, outcome: string, waitMs: number, handleMs: number): void;
  /** The limit of requests in flight to a service (`cart`, or a shard of it: `cart@shard2`) or their number changed. */
  concurrencyLimit?(service: string, limit: number, inFlight: number): void;
  /** How many messages are in work or queued in this clone. */
  queued?(messages: number, bytes: number): void;
  deadLettered?(topic: string, reason: string): void;
  /** The leader of a database polled its outbox: records sent to Kafka, age of the oldest row in ms (0: none). */
  relayed?(server: string, records: number, lagMs: number): void;
  /**
   * How many records a database's copy of a type of states (`catalog.states#variant`) is behind; of whoever follows it.
   */
  stateLag?(server: string, copy: string, records: number): void;
  /** This clone began (true) or ceased to follow a type of another service's states for a database. */
  following?(server: string, copy: string, isFollowing: boolean): void;
  /** This clone became the leader of a database (true), or ceased to be. */
  leading?(server: string, isLeader: boolean): void;
  /**
   * Kafka partitions of requests were assigned to this clone, or taken from it (also when the group believed it dead).
   */
  partitions?(held: number, taken: number): void;
  /** A Kafka partition was paused (true) because this clone can't keep up, or resumed. */
  paused?(topic: string, partition: number, isPaused: boolean): void;
}

/** The context of a message besides its body, for logs and traces of its handler. */
export interface MessageContext {
  readonly traceparent: string | undefined;
  readonly messageId: string;
  readonly operation: string;
  /**
   * From now on the work waits for this database server, and counts to its share of the clone's slots. False: the share
   * is used up, and the work should end. Undefined where all work has the same server.
   */
  readonly useServer?: ((server: string) => boolean) | undefined;
}

/** Settings of a process's messaging. */
export interface MessagingOptions {
  /** host:port, at least one. */
  readonly brokers: readonly string[];
  readonly client: KafkaClientName;
  /** Without it: no SASL, no TLS. */
  readonly access?: KafkaAccess;
  /** Precedes every topic and group name; empty in production. */
  readonly topicPrefix: string;
  /** The service that this process is a clone of (`cart`, `gateway`). */
  readonly service: string;
  /** This clone's name, unique among the running (`cart-1`). */
  readonly clone: string;
  /**
   * Gateways prove to services who calls, and services believe nothing else. It rests on a broker that lets only
   * gateways publish their keys.
   */
  readonly provesCallers?: boolean;
  /**
   * Of this service: secrets in requests are sealed to the key that follows from the first, and may have been sealed to
   * the others' before. Without any, they come as they are.
   */
  readonly sealingSecrets?: readonly string[];
  readonly replicationFactor: number;
  /** Kafka partitions of the topics that this service creates. */
  readonly partitions: number;
  readonly logger: Logger;
  readonly metrics?: MessagingMetrics;
  /**
   * Runs `work` with the message's context as the ambient one (AsyncLocalStorage in the service kit). `faultOf` finds
   * the fault in its result, for traces; what it throws is one anyway.
   */
  readonly runWith?: <T>(
    context: MessageContext,
    work: () => T,
    faultOf?: (result: Awaited<T>) => string | undefined,
  ) => T;
  /** The shards that the work in progress has used; replies name them behind the clone. */
  readonly servedFrom?: () => string | undefined;
  /** The process can't go on and must exit (its reply topic was deleted under it). */
  readonly onFatal?: (error: Error) => void;

  /** Messages in work at once in this clone; 320 if not given, of which each of two servers may have 137. */
  readonly maxConcurrency?: number;
  /** Messages in work or queued in this clone before it pauses Kafka partitions; 2,048 if not given. */
  readonly maxQueued?: number;
  /** The same in bytes of the records; 32 MiB if not given. */
  readonly maxQueuedBytes?: number;
  /**
   * Requests of this process in flight to one of several shards of a service; as many as are served promptly if not
   * given.
   */
  readonly mostInFlight?: number;
  /**
   * Milliseconds without a heartbeat after which a group assigns a clone's Kafka partitions to others; 1,500 if not
   * given.
   */
  readonly sessionTimeoutMs?: number;
  /** Milliseconds between two heartbeats on a process's reply topic; 5,000 if not given. */
  readonly heartbeatMs?: number;
  /** A reply topic without a heartbeat for this long is deleted by whoever notices; 30,000 if not given. */
  readonly orphanAfterMs?: number;
}

/** Injection token of MessagingOptions. */
export const MESSAGING_OPTIONS = Symbol('stoa.messaging-options');
