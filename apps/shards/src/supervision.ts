import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { moveHooks } from '@stoa/messaging/moves';
import { LOGGER, type Logger } from '@stoa/service';
import { MoveSupervisor, RunWorker } from '@stoa/sharding';
import { Directory } from './directory.js';

/**
 * A clone drains within 10 s. Another clone resumes the rest, or this one when it is back.
 */
const STOP_WITHIN_MS = 6_000;

/** Resumes moves without a mover, and executes operators' runs. */
@Injectable()
export class Supervision implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly supervisor: MoveSupervisor;
  private readonly worker: RunWorker;

  constructor(directory: Directory, @Inject(LOGGER) logger: Logger) {
    const shared = { directoryUrl: directory.url, hooks: moveHooks };
    this.supervisor = new MoveSupervisor({
      ...shared,
      onResume: ({ id, phase }) => logger.info({ move: id, phase }, 'move resumed'),
      onDone: ({ id, phase }) => logger.info({ move: id, phase }, 'move finished'),
      onFailure: (err, move) => logger.warn({ err, move: move?.id }, 'move failed and is retried later'),
    });
    this.worker = new RunWorker({
      ...shared,
      onRun: ({ id, kind }) => logger.info({ run: id, kind }, 'run started'),
      onFailure: (err, run) => logger.warn({ err, run: run?.id }, 'run failed'),
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
