import type { KafkaAccess } from './access.js';
import type { Logger } from './logger.js';
import type { KafkaClientName } from './port.js';

/** How a client is opened. */
export interface KafkaOptions {
  /** host:port, at least one. */
  readonly brokers: readonly string[];
  readonly client: KafkaClientName;
  /** Without it: no SASL, no TLS. */
  readonly access?: KafkaAccess;
  /** Names this process in the broker's logs. */
  readonly clientId: string;
  readonly logger: Logger;
  /**
   * Milliseconds without a heartbeat after which a group gives a member's Kafka partitions to others; 1,500 by default.
   */
  readonly sessionTimeoutMs?: number;
}

export const DEFAULT_SESSION_TIMEOUT_MS = 1_500;
