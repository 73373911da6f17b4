import type { ContractDocument } from '@stoa/contract-kit';
import type { IncomingReply, OutgoingRequest } from '@stoa/messaging';

/** What the gateway needs of messaging to ask a service. */
export interface RequestPort {
  /** @throws OperationError OVERLOADED, UNAVAILABLE or DEADLINE_EXCEEDED when there is no answer. */
  request(outgoing: OutgoingRequest): Promise<IncomingReply>;
  /** False while a request to the service would be refused as OVERLOADED. */
  hasRoom(service: string): boolean;
}

/** Injection token of RequestPort. */
export const REQUESTS = Symbol('stoa.gateway.requests');

/** What the gateway reads of Kafka besides replies. What reads goes on by itself when the broker was away. */
export interface FactsPort {
  /**
   * Calls back with the last contract of each service, then with each new one as it is published. `onWithdrawn`: a service
   * is no more.
   * @returns once it reads. @throws KafkaError while the broker is away
   */
  watchContracts(
    onDocument: (document: ContractDocument) => void,
    onWithdrawn: (service: string) => void,
  ): Promise<void>;
  /** Calls back with each event of these services from now on. */
  tailEvents(services: readonly string[], onEvent: (event: TailedEvent) => void): Promise<void>;
  /**
   * Calls back with each event of a service that is wanted, those kept from before too: on one of all clones, and again until
   * `onEvent` has succeeded, also when a clone dies over it.
   */
  shareEvents(service: string, wants: (type: string) => boolean, onEvent: (key: string) => Promise<void>): void;
}

export interface TailedEvent {
  readonly service: string;
  readonly type: string;
  readonly data: unknown;
}

/** Injection token of FactsPort. */
export const FACTS = Symbol('stoa.gateway.facts');
