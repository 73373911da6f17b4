import type { GroupConsumer, TopicOffset, TopicPartition } from '../kafka/port.js';
import type { Steering } from '../transport/intake.js';

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;

/**
 * Pauses Kafka partitions for two reasons that know nothing of each other: the intake is full, or an event waits for a fault to
 * pass. A partition is fetched again when neither holds.
 */
export class HeldPartitions implements Steering {
  private readonly full = new Set<string>();
  private readonly waiting = new Map<string, number>();

  constructor(private readonly consumer: GroupConsumer) {}

  commit(offsets: readonly TopicOffset[]): Promise<void> {
    return this.consumer.commit(offsets);
  }

  pause(partition: TopicPartition): void {
    this.full.add(nameOf(partition));
    this.consumer.pause(partition);
  }

  resume(partition: TopicPartition): void {
    this.full.delete(nameOf(partition));
    this.resumeIfFree(partition);
  }

  /** One more event waits for a fault to pass. */
  hold(partition: TopicPartition): void {
    const name = nameOf(partition);
    this.waiting.set(name, (this.waiting.get(name) ?? 0) + 1);
    this.consumer.pause(partition);
  }

  /** One less. */
  release(partition: TopicPartition): void {
    const name = nameOf(partition);
    const left = (this.waiting.get(name) ?? 1) - 1;
    if (left > 0) this.waiting.set(name, left);
    else this.waiting.delete(name);
    this.resumeIfFree(partition);
  }

  /** A partition that comes anew is fetched from the start: what still waits of its former self has to pause it again. */
  assigned(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      this.full.delete(nameOf(partition));
      if (this.waiting.has(nameOf(partition))) this.consumer.pause(partition);
    }
  }

  private resumeIfFree(partition: TopicPartition): void {
    const name = nameOf(partition);
    if (!this.full.has(name) && !this.waiting.has(name)) this.consumer.resume(partition);
  }
}
