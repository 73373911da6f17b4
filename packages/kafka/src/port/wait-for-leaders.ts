import { setTimeout as delay } from 'node:timers/promises';
import { KafkaError, type KafkaAdmin } from './port.js';

/** A broker that makes the topics of several services at once, on a busy machine, was seen to take more than 4 s. */
const LED_WITHIN_MS = 40_000;
const LOOK_EVERY_MS = 50;

/**
 * The leaders take up a topic a moment after its creation was answered, and after others see it in the list of topics:
 * a batch sent in between would be half refused, and reading its offsets fails. A Kafka partition that has lost its
 * leader is not waited for, if others of the topic have theirs. @throws KafkaError when that takes too long
 */
export async function untilLed(admin: Pick<KafkaAdmin, 'endOffsets'>, topics: Iterable<string>): Promise<void> {
  const deadline = performance.now() + LED_WITHIN_MS;
  const wait = async (topic: string): Promise<void> => {
    for (;;) {
      try {
        const ends = await admin.endOffsets(topic);
        if (ends.some((end) => end >= 0)) return;
        throw new KafkaError('RETRIABLE', `no Kafka partition of ${topic} has a leader`);
      } catch (error) {
        const isClosed = error instanceof KafkaError && error.code === 'CLOSED';
        if (isClosed || performance.now() > deadline) throw error;
        await delay(LOOK_EVERY_MS);
      }
    }
  };
  await Promise.all([...topics].map(wait));
}
