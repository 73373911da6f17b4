import type { ContractDocument } from '@stoa/contract-kit';

/**
 * Messages that the gateway reads from Kafka besides replies. A reader goes on by itself after an outage of the broker.
 */
export interface MessagesPort {
  /**
   * Calls `onDocument` with the last contract of each service, then with each new one as it is published, and
   * `onWithdrawn` with each service whose contract is withdrawn.
   * @returns once it reads.
   * @throws KafkaError while the broker is unavailable
   */
  watchContracts(
    onDocument: (document: ContractDocument) => void,
    onWithdrawn: (service: string) => void,
  ): Promise<void>;
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
