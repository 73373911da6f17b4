import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createClient, RESP_TYPES } from 'redis';
import { CONFIG, LOGGER, type Logger } from '@stoa/service';
import { backoff } from '@stoa/timing';
import type { GatewayConfig } from '../config.js';

const connect = (url: string) =>
  createClient({
    url,
    // Commands fail at once while Redis is unavailable: everything here works without it.
    disableOfflineQueue: true,
    socket: { connectTimeout: 1_000, reconnectStrategy: (retries) => backoff(retries + 1, 50, 1_000) },
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });

/** The client that `attempt` passes to its work. */
export type RedisClient = ReturnType<typeof connect>;

/** A Redis on the same network replies within one: one that takes longer than this costs more than it saves. */
const TIMEOUT_MS = 150;
/** After a late reply Redis is not used for this long. */
const PAUSE_MS = 1_000;

/** RedisConnection is the Redis that all clones share. Everything goes on without it. */
@Injectable()
export class RedisConnection implements OnApplicationShutdown {
  private readonly client: RedisClient;
  private pausedUntil = 0;
  private isDown = false;

  constructor(
    @Inject(CONFIG) config: Pick<GatewayConfig, 'REDIS_URL'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.client = connect(config.REDIS_URL);
    this.client.on('error', (error: unknown) => this.wentDown(error));
    this.client.on('ready', () => {
      this.isDown = false;
      this.logger.info({}, 'Redis is available');
    });
  }

  /** Connects in the background, for as long as it takes. */
  start(): void {
    this.client.connect().catch((error: unknown) => this.wentDown(error));
  }

  /** False while it is unavailable, or not used because it was too slow. */
  get isAvailable(): boolean {
    return this.client.isReady && performance.now() >= this.pausedUntil;
  }

  /** The result of `work`; undefined when Redis is unavailable or too slow. Never throws. */
  async attempt<T>(work: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    if (!this.isAvailable) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        this.pausedUntil = performance.now() + PAUSE_MS;
        this.wentDown(new Error(`Redis gave no reply within ${TIMEOUT_MS} ms`));
        resolve(undefined);
      }, TIMEOUT_MS);
    });
    try {
      return await Promise.race([work(this.client), late]);
    } catch (error) {
      this.wentDown(error);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  onApplicationShutdown(): void {
    if (this.client.isOpen) this.client.destroy();
  }

  private wentDown(error: unknown): void {
    if (!this.isDown) this.logger.warn({ err: error }, 'Redis is unavailable: going on without it');
    this.isDown = true;
  }
}
