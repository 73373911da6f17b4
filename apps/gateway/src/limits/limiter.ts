import { createRequire } from 'node:module';
import type { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisClient, RedisConnection } from '../storage/redis-connection.js';

// The package's index loads its twenty stores.
const require = createRequire(import.meta.url);
const Redis = require('rate-limiter-flexible/lib/RateLimiterRedis.js') as typeof RateLimiterRedis;
const Memory = require('rate-limiter-flexible/lib/RateLimiterMemory.js') as typeof RateLimiterMemory;

/** So many calls in so many seconds. */
export interface Limit {
  /** Names what is limited; counters of different names don't meet. */
  readonly name: string;
  readonly points: number;
  readonly seconds: number;
}

export interface Taken {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Until the window ends. */
  readonly resetMs: number;
}

const takenOf = (limit: number, allowed: boolean, result: RateLimiterRes): Taken => ({
  allowed,
  limit,
  remaining: Math.max(0, result.remainingPoints),
  resetMs: Math.max(0, result.msBeforeNext),
});

const isRefusal = (error: unknown): error is RateLimiterRes =>
  typeof error === 'object' && error !== null && 'msBeforeNext' in error;

/** Counts in Redis, the same for all clones; while Redis is away, in this clone's memory with its share of the limit. */
export class Limiter {
  private shared: RateLimiterRedis | undefined;
  private local: { readonly clones: number; readonly limiter: RateLimiterMemory } | undefined;

  constructor(
    private readonly limit: Limit,
    private readonly prefix: string,
    private readonly redis: RedisConnection,
    private readonly clones: () => number,
  ) {}

  /** One call by `who`. */
  async take(who: string): Promise<Taken> {
    const shared = await this.redis.attempt((client) => this.consume(this.sharedBy(client), this.limit.points, who));
    if (shared) return shared;
    const { points, limiter } = this.ownShare();
    return this.consume(limiter, points, who);
  }

  private async consume(limiter: RateLimiterRedis | RateLimiterMemory, points: number, who: string): Promise<Taken> {
    try {
      return takenOf(points, true, await limiter.consume(who));
    } catch (error) {
      if (isRefusal(error)) return takenOf(points, false, error);
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
      // Whoever is over the limit is refused without asking Redis again.
      inMemoryBlockOnConsumed: points + 1,
    }));
  }

  private ownShare(): { points: number; limiter: RateLimiterMemory } {
    const clones = this.clones();
    const points = Math.max(1, Math.ceil(this.limit.points / clones));
    if (this.local?.clones !== clones)
      this.local = {
        clones,
        limiter: new Memory({ keyPrefix: this.limit.name, points, duration: this.limit.seconds }),
      };
    return { points, limiter: this.local.limiter };
  }
}
