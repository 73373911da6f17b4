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
   * Calls `onEvent` with each wanted event of a service, older ones included: on one of all clones, and again until
   * `onEvent` has succeeded, also when a clone dies during the call.
   * @param group the name of what is done with them: each event comes once for each
   */
  shareEvents(
    service: string,
    wants: (type: string) => boolean,
    onEvent: (event: SharedEvent) => Promise<void>,
    group?: string,
  ): void;
}

/** An event that one of all clones gets. */
export interface SharedEvent {
  readonly key: string;
  /** Grows with each event of its type and key. */
  readonly version: number;
  /** The command that its data name in the field `by`. */
  readonly by: string | undefined;
}

/** An event as it is read from Kafka. `type` is its name in the contract. */
export interface TailedEvent {
  readonly service: string;
  readonly type: string;
  readonly data: unknown;
}

/** Injection token of MessagesPort. */
export const MESSAGES = Symbol('stoa.gateway.messages');
