import { randomBytes } from 'node:crypto';
import { type Follower, KafkaError, type KafkaPort, type KafkaRecord } from '@stoa/kafka';
import type { MessagingOptions } from '../api/options.js';
import { topicNames } from '../protocol/topics.js';
import type { BrokerClock } from '../clocks/broker-clock.js';
import { ClockCheck } from '../clocks/clock-check.js';

export const DEFAULT_HEARTBEAT_MS = 5_000;

/**
 * The topic that this process gets its replies on: one Kafka partition, read without a group, made at start and deleted
 * at the end. Its heartbeat record shows sweepers that the owner lives, and this process the broker's time. An owner
 * that finds its topic gone (it was suspended for so long that it was swept) can get no reply any more: it must exit.
 */
export class ReplyTopic {
  readonly name: string;
  private follower: Follower | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastBeat = Number.NEGATIVE_INFINITY;
  private isGone = false;
  private beating: Promise<void> = Promise.resolve();

  constructor(
    private readonly port: KafkaPort,
    private readonly options: MessagingOptions,
    private readonly clock: BrokerClock,
    private readonly onReplies: (records: readonly KafkaRecord[]) => void,
  ) {
    const { topicPrefix, service, clone } = options;
    this.name = topicNames(topicPrefix, service).replies(
      `${clone.replaceAll('.', '-')}-${randomBytes(4).toString('hex')}`,
    );
  }

  async open(): Promise<void> {
    await this.port.admin.createTopics([
      {
        topic: this.name,
        partitions: 1,
        replicationFactor: this.options.replicationFactor,
        config: {
          'message.timestamp.type': 'LogAppendTime',
          'retention.ms': '60000',
          'segment.ms': '60000',
          'segment.bytes': '16777216',
        },
      },
    ]);
    await this.beat();
    const check = new ClockCheck(this.clock, this.beat);
    this.follower = await this.port.follow({
      partitions: [{ topic: this.name, partition: 0, from: 'beginning' }],
      isolation: 'uncommitted',
      onRecords: (records) => {
        check.observe(records);
        this.onReplies(records);
      },
      onFault: (err) => this.options.logger.debug({ err, topic: this.name }, 'reading replies'),
    });
    this.schedule();
  }

  private get heartbeatMs(): number {
    return this.options.heartbeatMs ?? DEFAULT_HEARTBEAT_MS;
  }

  /** True while replies can arrive. */
  isAlive(): boolean {
    return !this.isGone && performance.now() - this.lastBeat < 3 * this.heartbeatMs;
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.beating = this.tick();
    }, this.heartbeatMs);
    this.timer.unref();
  }

  private async tick(): Promise<void> {
    try {
      await this.beat();
    } catch (error) {
      if (error instanceof KafkaError && error.code === 'UNKNOWN_TOPIC' && (await this.isDeleted())) {
        this.giveUp();
        return;
      }
      this.options.logger.warn({ err: error, topic: this.name }, 'no heartbeat could be written');
    }
    if (this.timer) this.schedule();
  }

  private beat = async (): Promise<void> => {
    await this.clock.sync(() => this.port.append({ topic: this.name, key: null, value: null, headers: { beat: '1' } }));
    this.lastBeat = performance.now();
  };

  private async isDeleted(): Promise<boolean> {
    const topics = await this.port.admin.listTopics().catch(() => [this.name]);
    return !topics.includes(this.name);
  }

  private giveUp(): void {
    this.isGone = true;
    const error = new Error(
      `reply topic ${this.name} was deleted while this process was suspended: no reply can arrive any more`,
    );
    this.options.logger.error({ err: error }, 'this clone must exit');
    this.options.onFatal?.(error);
  }

  /** Deletes the topic. Never throws: what is left behind gets swept. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.beating;
    await this.follower?.close().catch(() => undefined);
    if (this.isGone) return;
    await this.port.admin.deleteTopics([this.name]).catch((error: unknown) => {
      this.options.logger.warn({ err: error, topic: this.name }, 'the reply topic is left for others to sweep');
    });
  }
}
