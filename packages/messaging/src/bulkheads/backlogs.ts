import { detached } from '@stoa/kafka';
import type { Follower, KafkaPort, KafkaRecord, Logger, TopicPartition } from '@stoa/kafka';
import { pause } from '@stoa/timing';
import { Backlog, type BacklogOptions } from './backlog.js';
import { retryPause } from './retry-pause.js';
import type { ServerGate } from './server-gate.js';

export interface BacklogsOptions extends BacklogOptions {
  readonly port: KafkaPort;
  readonly logger: Logger;
  readonly retryMs: number;
  readonly stopping: AbortSignal;
}

/** Bytes of one fetch, whose records wait in memory while their server takes no more. */
const FETCH_BYTES = 256 * 1024;

const isOf = ({ topic, partition }: TopicPartition, other: TopicPartition): boolean =>
  topic === other.topic && partition === other.partition;

/**
 * Backlogs exists so that events of a server that is unavailable neither fill the memory nor hold up other servers,
 * whose keys are in the same Kafka partitions; it works by leaving them in Kafka, and reading them back once there is
 * room.
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
    // First the one with events of its bucket, which may have moved here from another server that left events as well.
    let backlog = open.find((one) => one.has(bucket)) ?? open.find((one) => one.gate === gate);
    if (!backlog && !this.options.gates.isFull(gate)) return false;
    backlog ??= this.begin(record, gate);
    backlog.leave(record, bucket);
    return true;
  }

  /** The offset up to which a Kafka partition may be committed; Infinity when nothing of it was left. */
  committableOf(partition: TopicPartition): number {
    return Math.min(Infinity, ...this.all.filter((one) => isOf(one, partition)).map((one) => one.committable));
  }

  /** Reads on where there is room again; to be called after each event that is done. */
  readOn(): void {
    if (this.all.length === 0 || this.options.stopping.aborted) return;
    for (const backlog of this.all) {
      if (backlog.isClosed || !backlog.hasRoom()) continue;
      if (this.read.has(backlog)) backlog.handOn();
      else void this.open(backlog);
    }
    this.all = this.all.filter((one) => !one.isDone);
  }

  /** Drops the backlogs of Kafka partitions that another member has now: it begins where they were committed. */
  revoked(partitions: readonly TopicPartition[]): void {
    const gone = this.all.filter((one) => partitions.some((partition) => isOf(one, partition)));
    this.all = this.all.filter((one) => !gone.includes(one));
    for (const backlog of gone) backlog.stopReading();
  }

  /** Stops reading; events that were left still hold back commits. To be called when `stopping` is aborted. */
  stop(): void {
    for (const backlog of this.all) backlog.stopReading();
  }

  private begin(record: KafkaRecord, gate: ServerGate): Backlog {
    const { topic, partition, offset } = record;
    this.options.logger.warn({ server: gate.server, topic, partition, offset }, 'events of a server are left in Kafka');
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
        logger.warn({ err, server: gate.server, topic, partition }, 'events that were left wait for Kafka');
        await pause(retryPause(failures, retryMs), stopping);
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
      onFault: (err) => logger.warn({ err, server: gate.server }, 'events that were left wait for Kafka'),
    });
  }
}
