import type { Logger } from './port/logger.js';
import type { KafkaClientName, KafkaPort } from './port/port.js';

export interface KafkaOptions {
  /** host:port, at least one. */
  readonly brokers: readonly string[];
  readonly client: KafkaClientName;
  /** Names this process in the broker's logs. */
  readonly clientId: string;
  readonly logger: Logger;
  /** Milliseconds without a sign of life after which a group gives a member's Kafka partitions to others; 1,500 if not given. */
  readonly sessionTimeoutMs?: number;
}

export const DEFAULT_SESSION_TIMEOUT_MS = 1_500;

/** Opens the chosen client. Only that one is loaded: each costs some 15 MB. Connects when first used. */
export async function openKafka(options: KafkaOptions): Promise<KafkaPort> {
  if (options.client === 'kafkajs') {
    const { KafkaJsPort } = await import('./kafkajs/adapter.js');
    return new KafkaJsPort(options);
  }
  const { PlatformaticPort } = await import('./platformatic/adapter.js');
  return new PlatformaticPort(options);
}
