import type { ServiceContract } from '@stoa/contract-kit';
import type { KafkaPort } from '@stoa/kafka';
import type { Database } from '@stoa/postgres';
import type { CommandExecutor } from '../api/command-execution.js';
import type { MessagingOptions } from '../api/options.js';
import type { BoundSubscription } from '../api/subscriptions.js';
import type { DeadLetters } from '../dead-letters/dead-letters.js';
import type { TakenFlow } from '../flows/flow-rows.js';
import type { FlowStore } from '../flows/flow-store.js';

/** A service's port, database and subscriptions, of which its background is made. */
export interface BackgroundSetup {
  readonly port: KafkaPort;
  readonly options: MessagingOptions;
  readonly database: Database;
  readonly contract: ServiceContract;
  readonly subscriptions: readonly BoundSubscription[];
}

/**
 * The work of a clone beside its requests: relays of the outboxes, followers of states, consumers of events. It is made
 * by `createBackground`, started before the first request is taken, and stopped after the last reply.
 */
export interface Background {
  readonly executor: CommandExecutor;
  readonly deadLetters: DeadLetters;
  /** The requests of durable flows; undefined of a contract without any. */
  readonly flows?: FlowStore | undefined;
  /** Resolves once all of it runs; it need not have caught up. */
  start(): Promise<void>;
  /** Takes up durable flows that nobody runs. @param run never rejects */
  startFlows?(run: (flow: TakenFlow) => Promise<void>): void;
  /** False while requests should go to other clones: while a copy of states is not complete yet, say. */
  isReady(): boolean;
  /** Finishes the work under way, or leaves it to the next leader, within two seconds. */
  stop(): Promise<void>;
}
