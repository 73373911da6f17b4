import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from '@stoa/kafka';
import { pause, spread } from '@stoa/timing';

/**
 * Rounds does work that waits in the database, again and again, in every clone. Work that fails waits for the next
 * round.
 */
export abstract class Rounds implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  protected constructor(
    private readonly logger: Logger,
    private readonly what: string,
    private readonly everyMs: number,
  ) {}

  /** @returns whether there may be more to do at once */
  protected abstract round(): Promise<boolean>;

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        if (await this.round()) continue;
      } catch (error) {
        this.logger.warn({ err: error }, `${this.what}: waits for the next round`);
      }
      await pause(spread(this.everyMs), signal);
    }
  }
}
