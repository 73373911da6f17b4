import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { moveHooks } from '@stoa/messaging/moves';
import { LOGGER, type Logger } from '@stoa/service';
import { MoveSupervisor, RunWorker } from '@stoa/sharding';
import { Directory } from './directory.js';

/**
 * A clone drains within 10 s. What is not done by then is taken up by another clone, or by this one when it is back.
 */
const STOP_WITHIN_MS = 6_000;

/** Takes up moves that nobody works on, and does the runs that operators asked for. */
@Injectable()
export class Supervision implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly supervisor: MoveSupervisor;
  private readonly worker: RunWorker;

  constructor(directory: Directory, @Inject(LOGGER) logger: Logger) {
    const shared = { directoryUrl: directory.url, hooks: moveHooks };
    this.supervisor = new MoveSupervisor({
      ...shared,
      onResume: ({ id, phase }) => logger.info({ move: id, phase }, 'takes up a move'),
      onDone: ({ id, phase }) => logger.info({ move: id, phase }, 'finished a move'),
      onFailure: (err, move) => logger.warn({ err, move: move?.id }, 'a move can not go on, and is tried again later'),
    });
    this.worker = new RunWorker({
      ...shared,
      onRun: ({ id, kind }) => logger.info({ run: id, kind }, 'does a run'),
      onFailure: (err, run) => logger.warn({ err, run: run?.id }, 'a run failed'),
    });
  }

  onApplicationBootstrap(): void {
    this.supervisor.start();
    this.worker.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.supervisor.stop(STOP_WITHIN_MS), this.worker.stop(STOP_WITHIN_MS)]);
  }
}
