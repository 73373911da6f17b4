import { detached } from '@stoa/kafka';
import type { Follower, KafkaPort, KafkaRecord, Logger, TopicPartition } from '@stoa/kafka';
import { backoff, pause, spread } from '@stoa/timing';
import { Backlog, type BacklogOptions } from './backlog.js';
import type { ServerGate } from './server-gate.js';

const LONGEST_RETRY_MS = 5_000;

export interface BacklogsOptions extends BacklogOptions {
  readonly port: KafkaPort;
  readonly logger: Logger;
  readonly retryMs: number;
  readonly stopping: AbortSignal;
}

/** Of one fetch: what it brings waits in memory while its server takes no more. */
const FETCH_BYTES = 256 * 1024;

const isOf = ({ topic, partition }: TopicPartition, other: TopicPartition): boolean =>
  topic === other.topic && partition === other.partition;

/**
 * What servers left in Kafka. Without it, events of a server that is away would fill the memory, or hold up those of
 * all servers whose keys are in the same Kafka partition.
 */
export class Backlogs {
  private all: Backlog[] = [];
  /** Those whose follower is open, or about to be. */
  private readonly read = new WeakSet<Backlog>();

  constructor(private readonly options: BacklogsOptions) {}

  /**
   * @returns true when the event is left in Kafka, to come again: its server has no room, or has left others like it
   */
  leaves(record: KafkaRecord, bucket: number, gate: ServerGate): boolean {
    const open = this.all.filter((one) => one.isOpenFor(record));
    // First where others of its bucket are: it may have come from another server, which has left events here as well.
    let backlog = open.find((one) => one.has(bucket)) ?? open.find((one) => one.gate === gate);
    if (!backlog && !this.options.gates.isFull(gate)) return false;
    backlog ??= this.begin(record, gate);
    backlog.leave(record, bucket);
    return true;
  }

  /** Up to where a Kafka partition may be committed; Infinity when nothing of it was left. */
  committableOf(partition: TopicPartition): number {
    return Math.min(Infinity, ...this.all.filter((one) => isOf(one, partition)).map((one) => one.committable));
  }

  /** Reads on where there is room again. To be called after each event that is done. */
  readOn(): void {
    if (this.all.length === 0 || this.options.stopping.aborted) return;
    for (const backlog of this.all) {
      if (backlog.isClosed || !backlog.hasRoom()) continue;
      if (this.read.has(backlog)) backlog.handOn();
      else void this.open(backlog);
    }
    this.all = this.all.filter((one) => !one.isDone);
  }

  /** These are another member's, which begins where they were committed. */
  revoked(partitions: readonly TopicPartition[]): void {
    const gone = this.all.filter((one) => partitions.some((partition) => isOf(one, partition)));
    this.all = this.all.filter((one) => !gone.includes(one));
    for (const backlog of gone) backlog.stopReading();
  }

  /** Reads no more; what was left still holds back commits. To be called when `stopping` is aborted. */
  stop(): void {
    for (const backlog of this.all) backlog.stopReading();
  }

  private begin(record: KafkaRecord, gate: ServerGate): Backlog {
    const { topic, partition, offset } = record;
    this.options.logger.warn({ server: gate.server, topic, partition, offset }, 'Events of a server are left in Kafka');
    const backlog = new Backlog(this.options, gate, record);
    this.all.push(backlog);
    return backlog;
  }

  private isRead(backlog: Backlog): boolean {
    return !backlog.isClosed && !this.options.stopping.aborted && this.all.includes(backlog);
  }

  private async open(backlog: Backlog): Promise<void> {
    this.read.add(backlog);
    const { logger, retryMs, stopping } = this.options;
    const { topic, partition, gate } = backlog;
    for (let failures = 1; this.isRead(backlog); failures++) {
      try {
        const follower = await this.follow(backlog);
        if (this.isRead(backlog)) backlog.readThrough(follower);
        else await follower.close();
        return;
      } catch (err) {
        logger.warn({ err, server: gate.server, topic, partition }, 'Events that were left wait for Kafka');
        await pause(spread(backoff(failures, retryMs, LONGEST_RETRY_MS)), stopping);
      }
    }
  }

  private follow(backlog: Backlog): Promise<Follower> {
    const { port, logger } = this.options;
    const { topic, partition, from, gate } = backlog;
    return port.follow({
      partitions: [{ topic, partition, from }],
      isolation: 'committed',
      maxBytes: FETCH_BYTES,
      onRecords: (records) => {
        if (this.isRead(backlog)) backlog.take(records.map(detached));
      },
      onFault: (err) => logger.warn({ err, server: gate.server }, 'Events that were left wait for Kafka'),
    });
  }
}
