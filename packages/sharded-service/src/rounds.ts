import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from '@stoa/service';
import type { DatabaseServer } from '@stoa/postgres';
import { pause, spread } from '@stoa/timing';

/**
 * Rounds does work that waits in each shard, again and again, in every clone: a poll of a small index costs less than a
 * leader's session for each shard would. Work that fails waits for the next round.
 */
export abstract class Rounds implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  protected constructor(
    protected readonly logger: Logger,
    private readonly what: string,
    private readonly everyMs: number,
  ) {}

  /** The servers to ask. */
  protected abstract shards(): readonly DatabaseServer[];

  /** Does what waits in one of them. */
  protected abstract round(shard: DatabaseServer): Promise<void>;

  protected get isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await pause(spread(this.everyMs), signal);
      if (!signal.aborted) await Promise.all(this.shards().map((shard) => this.attempt(shard)));
    }
  }

  private async attempt(shard: DatabaseServer): Promise<void> {
    try {
      await this.round(shard);
    } catch (error) {
      this.logger.warn({ err: error, server: shard.name }, `${this.what}: waits for the next round`);
    }
  }
}
