import type { ContractListener } from '@stoa/messaging';

/**
 * Messages that the gateway reads from Kafka besides replies. A reader goes on by itself after an outage of the broker.
 */
export interface MessagesPort {
  /**
   * Hands over the last contract of each service, then each new one as it is published or withdrawn.
   * @returns once it reads.
   * @throws KafkaError while the broker is unavailable
   */
  watchContracts(listener: ContractListener): Promise<void>;
  /** Calls `onEvent` on this clone with each event of these services from now on. */
  tailEvents(services: readonly string[], onEvent: (event: TailedEvent) => void): Promise<void>;
  /**
   * Calls `onEvent` with the key of each wanted event of a service, older ones included: on one of all clones, and
   * again until `onEvent` has succeeded, also when a clone dies during the call.
   */
  shareEvents(service: string, wants: (type: string) => boolean, onEvent: (key: string) => Promise<void>): void;
}

/** An event as it is read from Kafka. `type` is its name in the contract. */
export interface TailedEvent {
  readonly service: string;
  readonly type: string;
  readonly data: unknown;
}

/** Injection token of MessagesPort. */
export const MESSAGES = Symbol('stoa.gateway.messages');
