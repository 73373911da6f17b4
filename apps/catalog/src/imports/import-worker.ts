import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { type Database } from '@stoa/postgres';
import { DATABASE, MESSAGING_OPTIONS, type MessagingOptions, newId } from '@stoa/messaging';
import { type Logger } from '@stoa/kafka';
import { setTimeout as sleep } from 'node:timers/promises';
import { claimJob, sweep } from '../storage/imports/import-leases.js';
import { ImportRun } from './import-run.js';

const LOOK_EVERY_MS = 1_000;
const SWEEP_EVERY_MS = 60_000;

/**
 * Runs imports, one at a time per clone. All clones look for jobs; the lease in a job's row decides who works on it. A
 * job whose clone died goes to another when the lease has run out.
 */
@Injectable()
export class ImportWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly stopping = new AbortController();
  private readonly logger: Logger;
  private loop: Promise<void> = Promise.resolve();
  private nextSweep = 0;

  constructor(
    @Inject(DATABASE) private readonly database: Database,
    @Inject(MESSAGING_OPTIONS) { logger }: MessagingOptions,
  ) {
    this.logger = logger;
  }

  onApplicationBootstrap(): void {
    this.loop = this.watch();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async watch(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        if ((await this.runNext()) || (await this.sweepNext())) continue;
      } catch (error) {
        this.logger.warn({ err: error }, 'poll for imports failed');
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async runNext(): Promise<boolean> {
    const job = await this.database.transaction(0, (tx) => claimJob(tx, newId()));
    if (!job) return false;
    await new ImportRun(this.database, job, this.logger, this.stopping.signal).run();
    this.nextSweep = 0;
    return true;
  }

  private async sweepNext(): Promise<boolean> {
    if (performance.now() < this.nextSweep) return false;
    const isMore = await this.database.transaction(0, sweep);
    if (!isMore) this.nextSweep = performance.now() + SWEEP_EVERY_MS;
    return isMore;
  }
}
