import { randomBytes } from 'node:crypto';
import type { CommandReply } from '../api/command-execution.js';
import {
  type Headers,
  isLonger,
  KafkaError,
  type KafkaPort,
  type OutgoingRecord,
  RecordTooLargeError,
} from '@stoa/kafka';
import type { Logger } from '@stoa/kafka';
import { Coalescer } from './coalescer.js';
import { commonErrorReply, businessErrorReply } from '../protocol/business-errors.js';
import { MAX_REPLY_BYTES, PART_BYTES, partsOf, requestOf, tooLargeReply } from './reply-parts.js';

export interface ServedReply extends CommandReply {
  /** Which parts of the service's data it came from, if that is known. */
  readonly from?: string | undefined;
}

/** A reply on its way. */
export interface OutgoingReply {
  readonly correlation: string;
  readonly reply: ServedReply;
  /** Milliseconds that the request queued before its handler ran. */
  readonly waitMs: number;
  /** Whoever asked has given up after this moment (performance.now). */
  readonly deadline: number;
  /** It is sent, or never will be. */
  done(): void;
}

// As many senders as there are processes that ask; those of processes that are gone are forgotten.
const MOST_SENDERS = 64;

const NONE: ReadonlySet<string> = new Set();

const NOT_TAKEN = commonErrorReply('INTERNAL', 'The reply is larger than the message broker takes (max.message.bytes)');

type Sendable = Pick<OutgoingReply, 'correlation' | 'reply' | 'waitMs'>;

/**
 * Sends replies, gathered per reply topic and turn of the event loop: a topic that is gone delays no other's. A reply
 * that is too large for one record goes in parts.
 */
export class ReplySender {
  private readonly senders = new Map<string, Coalescer<OutgoingReply>>();

  constructor(
    private readonly port: KafkaPort,
    private readonly clone: string,
    private readonly logger: Logger,
  ) {}

  push(replyTopic: string, reply: OutgoingReply): void {
    let sender = this.senders.get(replyTopic);
    if (!sender) {
      if (this.senders.size >= MOST_SENDERS) this.forgetIdle();
      sender = new Coalescer((replies) => this.send(replyTopic, replies));
      this.senders.set(replyTopic, sender);
    }
    sender.push(reply);
  }

  private forgetIdle(): void {
    for (const [topic, sender] of this.senders) if (sender.isIdle) this.senders.delete(topic);
  }

  private async send(topic: string, replies: OutgoingReply[]): Promise<void> {
    const lastDeadline = Math.max(...replies.map((reply) => reply.deadline));
    const records = replies.flatMap((reply) => this.recordsOf(topic, reply));
    const refused = await this.produce(topic, records, lastDeadline);
    if (refused.size > 0) {
      // The broker's bound is smaller than usual. Whoever asked hears of it, instead of nothing.
      const unsent = replies.filter(({ correlation }) => refused.has(correlation));
      const notTaken = unsent.map((one) => ({ ...one, reply: { ...one.reply, ...NOT_TAKEN } }));
      await this.produce(
        topic,
        notTaken.flatMap((one) => this.recordsOf(topic, one)),
        lastDeadline,
      );
    }
    for (const reply of replies) reply.done();
  }

  /** Never rejects. @returns the correlations of those that the broker takes in no batch */
  private async produce(
    topic: string,
    records: readonly OutgoingRecord[],
    lastDeadline: number,
  ): Promise<ReadonlySet<string>> {
    for (;;) {
      try {
        await this.port.produce(records, 'leader');
        return NONE;
      } catch (error) {
        const mayPass = error instanceof KafkaError && (error.code === 'RETRIABLE' || error.code === 'UNREACHABLE');
        if (mayPass && performance.now() < lastDeadline) continue; // the port waited before it gave up
        // The asking process is gone, or the reply is too large: the caller gets none and may send again.
        this.logger.warn({ err: error, topic, replies: records.length }, 'replies could not be sent');
        return error instanceof RecordTooLargeError ? new Set(error.records.map(requestOf)) : NONE;
      }
    }
  }

  private recordsOf(topic: string, { correlation, reply, waitMs }: Sendable): OutgoingRecord[] {
    const headers = this.headers(correlation, reply, waitMs);
    if (!isLonger(reply.body, PART_BYTES)) return [{ topic, key: null, value: reply.body, headers, partition: 0 }];
    const body = Buffer.from(reply.body);
    if (body.length > MAX_REPLY_BYTES) {
      const refused = { ...reply, ...businessErrorReply(tooLargeReply(body.length)) };
      return this.recordsOf(topic, { correlation, reply: refused, waitMs });
    }
    const parts = partsOf(body, headers, randomBytes(9).toString('base64url'));
    return parts.map((part) => ({ topic, key: null, ...part, partition: 0 }));
  }

  private headers(correlation: string, reply: ServedReply, waitMs: number): Headers {
    const by = reply.from === undefined ? this.clone : `${this.clone}@${reply.from}`;
    return { corr: correlation, status: reply.ok ? 'ok' : 'error', by, wait: String(Math.round(waitMs)) };
  }

  async settle(): Promise<void> {
    await Promise.all([...this.senders.values()].map((sender) => sender.settle()));
  }
}
