import type { KafkaOptions } from './port/options.js';
import type { KafkaPort } from './port/port.js';

/** Opens the chosen client. Only that one is loaded: each costs some 15 MB. Connects when first used. */
export async function openKafka(options: KafkaOptions): Promise<KafkaPort> {
  if (options.client === 'kafkajs') {
    const { KafkaJsPort } = await import('./kafkajs/adapter.js');
    return new KafkaJsPort(options);
  }
  const { PlatformaticPort } = await import('./platformatic/adapter.js');
  return new PlatformaticPort(options);
}
