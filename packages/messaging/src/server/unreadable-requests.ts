import { writeDeadLetter } from '../protocol/dead-letter.js';
import type { KafkaPort } from '@stoa/kafka';
import { backoff, pause } from '@stoa/timing';
import type { MessagingOptions } from '../api/options.js';
import { topicNames } from '../protocol/topics.js';
import { Unreadable } from '../protocol/envelope.js';
import type { Work } from '../intake/intake.js';

const RETRY_FIRST_MS = 100;
const RETRY_MOST_MS = 5_000;

/** Requests that nobody can read: they go to the dead letters of their service. */
export class UnreadableRequests {
  private readonly topic: string;

  constructor(
    private readonly port: KafkaPort,
    private readonly options: MessagingOptions,
    private readonly isClosing: () => boolean,
  ) {
    this.topic = topicNames(options.topicPrefix, options.service).deadLetters;
  }

  /** Not acknowledged before it is written: such a message must not be lost, nor stop the others. Never rejects. */
  async giveUp(work: Work, error: unknown): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    const { logger, metrics, clone } = this.options;
    if (!(error instanceof Unreadable)) logger.error({ err: error }, 'a message could not be handled');
    const { topic, partition, offset } = work.record;
    for (let failures = 1; !work.isRevoked(); failures += 1) {
      try {
        await writeDeadLetter(this.port, this.topic, work.record, reason, clone);
        logger.warn({ topic, partition, offset, reason }, 'dead letter');
        metrics?.deadLettered?.(topic, reason);
        break;
      } catch (fault) {
        if (this.isClosing()) return;
        logger.error({ err: fault, topic, partition, offset }, 'a dead letter could not be written; trying again');
        await pause(backoff(failures, RETRY_FIRST_MS, RETRY_MOST_MS));
      }
    }
    work.done();
  }
}
