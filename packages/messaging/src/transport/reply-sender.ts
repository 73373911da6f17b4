import type { CommandReply } from '../command-execution.js';
import { KafkaError, type Headers, type KafkaPort } from '../kafka/port.js';
import type { Logger } from '../options.js';
import { Coalescer } from './coalescer.js';

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

/** Sends replies, gathered per reply topic and turn of the event loop: a topic that is gone delays no other's. */
export class ReplySender {
  readonly #senders = new Map<string, Coalescer<OutgoingReply>>();

  constructor(
    private readonly port: KafkaPort,
    private readonly clone: string,
    private readonly logger: Logger,
  ) {}

  push(replyTopic: string, reply: OutgoingReply): void {
    let sender = this.#senders.get(replyTopic);
    if (!sender) {
      if (this.#senders.size >= MOST_SENDERS) this.#forgetIdle();
      sender = new Coalescer((replies) => this.#send(replyTopic, replies));
      this.#senders.set(replyTopic, sender);
    }
    sender.push(reply);
  }

  #forgetIdle(): void {
    for (const [topic, sender] of this.#senders) if (sender.isIdle) this.#senders.delete(topic);
  }

  async #send(topic: string, replies: OutgoingReply[]): Promise<void> {
    const records = replies.map((reply) => ({
      topic,
      key: null,
      value: reply.reply.body,
      headers: this.#headers(reply),
      partition: 0,
    }));
    const lastDeadline = Math.max(...replies.map((reply) => reply.deadline));
    for (;;) {
      try {
        await this.port.produce(records, 'leader');
        break;
      } catch (error) {
        const mayPass = error instanceof KafkaError && (error.code === 'RETRIABLE' || error.code === 'UNREACHABLE');
        if (mayPass && performance.now() < lastDeadline) continue; // the port waited before it gave up
        // Its process is gone, or the reply is too large for a message: whoever asked gets no answer and may ask again.
        this.logger.warn({ err: error, topic, replies: replies.length }, 'replies could not be sent');
        break;
      }
    }
    for (const reply of replies) reply.done();
  }

  #headers({ correlation, reply, waitMs }: OutgoingReply): Headers {
    const by = reply.from === undefined ? this.clone : `${this.clone}@${reply.from}`;
    return { corr: correlation, status: reply.ok ? 'ok' : 'error', by, wait: String(Math.round(waitMs)) };
  }

  async settle(): Promise<void> {
    await Promise.all([...this.#senders.values()].map((sender) => sender.settle()));
  }
}
