import type { KafkaPort, Logger } from '@stoa/kafka';
import type { BrokerClock } from '../clocks/broker-clock.js';

export const DEFAULT_ORPHAN_AFTER_MS = 30_000;

export interface SweeperOptions {
  readonly topicPrefix: string;
  /** A reply topic whose last record is older than this, by the broker's clock, has lost its owner. */
  readonly orphanAfterMs: number;
  readonly logger: Logger;
  /** The service whose reply topics it sweeps, since it may delete no other's; all if not given. */
  readonly service?: string;
  /**
   * This process's own reply topic: it sweeps only while no living process's comes before it by name. Missing: it
   * sweeps.
   */
  readonly ownTopic?: string;
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/**
 * Deletes the reply topics of processes that were killed. One process does it, the leader: the living one whose own
 * topic is first by name. The others ask only whether the leader lives, and find its successor when it does not; its
 * heartbeats on its topic are the election. That two sweep at once for a while is harmless. A topic is deleted when it
 * is silent in two sweeps in a row, because between a topic's creation and its first heartbeat it is silent too.
 */
export class Sweeper {
  private suspects = new Set<string>();
  /** The topic of the process that sweeps, as far as this one knows. */
  private leader: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly port: KafkaPort,
    private readonly clock: BrokerClock,
    private readonly options: SweeperOptions,
  ) {}

  start(): void {
    // At random moments, so that not all processes ask the broker at once.
    const wait = this.options.orphanAfterMs * (0.4 + Math.random() * 0.3);
    this.timer = setTimeout(() => {
      this.sweeping = this.sweep()
        .catch((error: unknown) => this.options.logger.debug({ err: error }, 'sweeping reply topics'))
        .then(() => this.timer && this.start());
    }, wait);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.sweeping;
  }

  /** Looks once, if it is this process's turn; answers the topics that it deleted. */
  async sweep(): Promise<string[]> {
    const { ownTopic, topicPrefix, service = '[a-z][a-z0-9-]*' } = this.options;
    if (this.leader !== undefined && this.leader !== ownTopic && (await this.isAlive(this.leader))) return [];
    const pattern = new RegExp(`^${escaped(topicPrefix)}${service}\\.replies\\.[^.]+$`);
    const topics = (await this.port.admin.listTopics()).filter((topic) => pattern.test(topic)).toSorted();
    if (ownTopic !== undefined) {
      this.leader = await this.firstAlive(topics, ownTopic);
      if (this.leader !== ownTopic) return [];
    }
    return this.deleteOrphans(topics);
  }

  /** The first topic by name whose owner lives; this process's own at the latest. */
  private async firstAlive(topics: readonly string[], ownTopic: string): Promise<string> {
    for (const topic of topics) if (topic === ownTopic || (await this.isAlive(topic))) return topic;
    return ownTopic;
  }

  private async deleteOrphans(topics: readonly string[]): Promise<string[]> {
    const silent: string[] = [];
    for (const topic of topics) if ((await this.heardOf(topic)) === 'silent') silent.push(topic);
    const orphans = silent.filter((topic) => this.suspects.has(topic));
    this.suspects = new Set(silent.filter((topic) => !this.suspects.has(topic)));
    if (orphans.length > 0) {
      await this.port.admin.deleteTopics(orphans);
      this.options.logger.info({ topics: orphans }, 'deleted reply topics whose owners are gone');
    }
    return orphans;
  }

  private async isAlive(topic: string): Promise<boolean> {
    return (await this.heardOf(topic)) === 'alive';
  }

  private async heardOf(topic: string): Promise<'alive' | 'silent' | 'unknown'> {
    try {
      const since = await this.port.admin.offsetsSince(topic, this.clock.now() - this.options.orphanAfterMs);
      return since.every((offset) => offset === null) ? 'silent' : 'alive';
    } catch {
      return 'unknown'; // deleted by its owner meanwhile, or nobody leads its Kafka partition
    }
  }
}
