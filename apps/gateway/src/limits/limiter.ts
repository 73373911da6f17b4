import { createRequire } from 'node:module';
import type { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisClient, RedisConnection } from '../storage/redis-connection.js';
import { LocalWindows, type Taken } from './local-windows.js';

// The package's index loads its twenty stores.
const require = createRequire(import.meta.url);
const Redis = require('rate-limiter-flexible/lib/RateLimiterRedis.js') as typeof RateLimiterRedis;

/** A number of calls (`points`) in a number of seconds. */
export interface Limit {
  /** Names what is limited; counters of different names don't meet. */
  readonly name: string;
  readonly points: number;
  readonly seconds: number;
}

const takenOf = (limit: number, allowed: boolean, result: RateLimiterRes): Taken => ({
  allowed,
  limit,
  remaining: Math.max(0, result.remainingPoints),
  resetMs: Math.max(0, result.msBeforeNext),
});

const isOverLimit = (error: unknown): error is RateLimiterRes =>
  typeof error === 'object' && error !== null && 'msBeforeNext' in error;

/**
 * Limiter counts in Redis for all clones; while Redis is unavailable, in this clone's memory with its share of the
 * limit.
 */
export class Limiter {
  private shared: RateLimiterRedis | undefined;

  constructor(
    private readonly limit: Limit,
    private readonly prefix: string,
    private readonly redis: RedisConnection,
    private readonly clones: () => number,
    /** Limits may share it. */
    private readonly local = new LocalWindows(),
  ) {}

  /** Counts one call. @param counter the caller or address */
  async take(counter: string): Promise<Taken> {
    const shared = await this.redis.attempt((client) => this.consume(this.sharedBy(client), counter));
    return shared ?? this.takeLocally(counter);
  }

  /** Counts one call in this clone's memory, against its share of the limit. */
  takeLocally(counter: string): Taken {
    const { name, points, seconds } = this.limit;
    return this.local.take(`${name} ${counter}`, Math.max(1, Math.ceil(points / this.clones())), seconds);
  }

  private async consume(limiter: RateLimiterRedis, counter: string): Promise<Taken> {
    try {
      return takenOf(this.limit.points, true, await limiter.consume(counter));
    } catch (error) {
      if (isOverLimit(error)) return takenOf(this.limit.points, false, error);
      throw error;
    }
  }

  private sharedBy(client: RedisClient): RateLimiterRedis {
    const { name, points, seconds } = this.limit;
    return (this.shared ??= new Redis({
      storeClient: client,
      useRedisPackage: true,
      keyPrefix: `${this.prefix}${name}`,
      points,
      duration: seconds,
      // A counter over its limit is refused without another request to Redis.
      inMemoryBlockOnConsumed: points + 1,
    }));
  }
}
