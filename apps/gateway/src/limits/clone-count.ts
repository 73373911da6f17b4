import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, metrics } from '@stoa/service';
import { repeatedly } from '../background/repeatedly.js';
import type { GatewayConfig } from '../config.js';
import { RedisConnection } from '../storage/redis-connection.js';

const HEARTBEAT_MS = 5_000;
const RETRY_MS = 500;
/** In one step and by Redis's own clock: adds this clone, drops those that were silent for 15 s, counts the rest. */
const COUNT_SCRIPT = `
local now = tonumber(redis.call('TIME')[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 15)
redis.call('EXPIRE', KEYS[1], 60)
return redis.call('ZCARD', KEYS[1])`;

const seen = metrics.gauge({ name: 'stoa_gateway_clones', help: 'Clones of the gateway, as last seen in Redis' });

/** CloneCount counts the gateway's clones by their heartbeats in Redis: local limits are a share of the common ones. */
@Injectable()
export class CloneCount implements OnApplicationShutdown {
  private clones = 1;
  private readonly stopping = new AbortController();

  constructor(
    private readonly redis: RedisConnection,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'STOA_CLONE' | 'KAFKA_TOPIC_PREFIX'>,
  ) {}

  get value(): number {
    return this.clones;
  }

  start(): void {
    const work = async (): Promise<number> => ((await this.count()) ? HEARTBEAT_MS : RETRY_MS);
    void repeatedly({ work, signal: this.stopping.signal });
  }

  onApplicationShutdown(): void {
    this.stopping.abort();
  }

  /** @returns false when Redis is unavailable: the last count stays */
  private async count(): Promise<boolean> {
    const key = `stoa:${this.config.KAFKA_TOPIC_PREFIX}gateways`;
    const count = await this.redis.attempt((client) =>
      client.eval(COUNT_SCRIPT, { keys: [key], arguments: [this.config.STOA_CLONE] }),
    );
    if (count === undefined) return false;
    this.clones = Math.max(1, Number(count));
    seen.set(this.clones);
    return true;
  }
}
