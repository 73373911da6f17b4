import type { KafkaPort } from '../kafka/port.js';
import type { Logger } from '../options.js';
import type { BrokerClock } from './broker-clock.js';

export const DEFAULT_ORPHAN_AFTER_MS = 30_000;

export interface SweeperOptions {
  readonly topicPrefix: string;
  /** A reply topic whose last record is older than this, by the broker's clock, has lost its owner. */
  readonly orphanAfterMs: number;
  readonly logger: Logger;
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/**
 * Deletes the reply topics of processes that were killed. Every process with a reply topic sweeps now and then; that two
 * do it at once is harmless. A topic is deleted when it is silent in two sweeps in a row, because between a topic's
 * creation and its first heartbeat it is silent too.
 */
export class Sweeper {
  #suspects = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly port: KafkaPort,
    private readonly clock: BrokerClock,
    private readonly options: SweeperOptions,
  ) {}

  start(): void {
    // At random moments, so that not all processes ask the broker at once.
    const wait = this.options.orphanAfterMs * (0.4 + Math.random() * 0.3);
    this.#timer = setTimeout(() => {
      this.#sweeping = this.sweep()
        .catch((error: unknown) => this.options.logger.debug({ err: error }, 'sweeping reply topics'))
        .then(() => this.#timer && this.start());
    }, wait);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#sweeping;
  }

  /** Looks once; answers the topics that it deleted. */
  async sweep(): Promise<string[]> {
    const pattern = new RegExp(`^${escaped(this.options.topicPrefix)}[a-z][a-z0-9-]*\\.replies\\.[^.]+$`);
    const topics = (await this.port.admin.listTopics()).filter((topic) => pattern.test(topic));
    const silent: string[] = [];
    for (const topic of topics) if (await this.#isSilent(topic)) silent.push(topic);
    const orphans = silent.filter((topic) => this.#suspects.has(topic));
    this.#suspects = new Set(silent.filter((topic) => !this.#suspects.has(topic)));
    if (orphans.length > 0) {
      await this.port.admin.deleteTopics(orphans);
      this.options.logger.info({ topics: orphans }, 'deleted reply topics whose owners are gone');
    }
    return orphans;
  }

  async #isSilent(topic: string): Promise<boolean> {
    try {
      const since = await this.port.admin.offsetsSince(topic, this.clock.now() - this.options.orphanAfterMs);
      return since.every((offset) => offset === null);
    } catch {
      return false; // deleted by its owner or another sweeper meanwhile
    }
  }
}
