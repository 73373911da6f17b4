import type { ServiceContract } from '@stoa/contract-kit';
import type { Database } from '@stoa/postgres';
import type { CommandExecutor } from '../api/command-execution.js';
import type { KafkaPort } from '@stoa/kafka';
import type { MessagingOptions } from '../api/options.js';
import type { DeadLetters } from '../dead-letters/dead-letters.js';
import type { BoundSubscription } from '../api/subscriptions.js';

/** What runs beside a service's requests needs to know of it. */
export interface BackgroundSetup {
  readonly port: KafkaPort;
  readonly options: MessagingOptions;
  readonly database: Database;
  readonly contract: ServiceContract;
  readonly subscriptions: readonly BoundSubscription[];
}

/**
 * What runs beside a service's requests: relays of the outboxes, followers of states, consumers of events. Made by
 * `createBackground` (src/background/storage-runtime.ts); started before the first request is taken, stopped after the last reply.
 */
export interface Background {
  readonly executor: CommandExecutor;
  readonly deadLetters: DeadLetters;
  /** Resolves once all of it runs; it need not have caught up. */
  start(): Promise<void>;
  /** False while requests should go to other clones (a copy of states that is not there yet, say). */
  isReady(): boolean;
  /** Within two seconds: what is under way is finished or given up to the next leader. */
  stop(): Promise<void>;
}
