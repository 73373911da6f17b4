import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import type { Operation } from '../services/operation.js';
import { RedisConnection } from '../storage/redis-connection.js';
import type { CachedResponse } from './cached-response.js';

/** The result of a lookup in Redis. */
export interface RedisLookup {
  readonly response: CachedResponse | undefined;
  /** Redis's clock at the lookup, in ms since the epoch: a query that is sent after it counts from there. */
  readonly redisTime: number | undefined;
}

interface Stored {
  /** Redis's clock before the query was sent. */
  readonly time: number;
  readonly etag: string;
  readonly servedBy: string;
}

const NEWLINE = 0x0a;

/** Milliseconds of `[seconds, microseconds]`, Redis's reply to TIME. */
const millisOf = ([seconds, micros]: readonly unknown[]): number =>
  Number(String(seconds)) * 1000 + Number(String(micros)) / 1000;

/**
 * RedisCache is the cache that the clones share. The age of a response is measured by Redis's own clock, read before
 * the query was sent and again at the lookup, so that neither a slow write nor clones whose clocks disagree make it
 * live longer.
 */
@Injectable()
export class RedisCache {
  private readonly prefix: string;

  constructor(
    private readonly redis: RedisConnection,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'KAFKA_TOPIC_PREFIX' | 'CACHE_STALE_MS'>,
  ) {
    this.prefix = `stoa:${config.KAFKA_TOPIC_PREFIX}cache:`;
  }

  /** The cache key of a query, in memory and in Redis. @param input the operation's input as canonical JSON */
  keyOf({ id, document }: Operation, input: string): string {
    const hash = createHash('sha256').update(input).digest('base64url');
    return `${this.prefix}${id}:${document.since}:${hash}`;
  }

  /** Never throws: without Redis nothing is found. */
  async lookUp(key: string, tags: readonly string[], maxAgeMs: number): Promise<RedisLookup> {
    const startedAt = performance.now();
    // In this order on one connection: the clock is read after the value, so that an age never comes out too small.
    const found = await this.redis.attempt((client) =>
      Promise.all([client.get(key), client.sendCommand<unknown[]>(['TIME'])]),
    );
    if (!found) return { response: undefined, redisTime: undefined };
    const [value, time] = found;
    const redisTime = millisOf(time);
    return { response: value ? read(value, { startedAt, redisTime, tags, maxAgeMs }) : undefined, redisTime };
  }

  /** Stores in the background. @param redisTime of the lookup before the query was sent */
  store(key: string, { body, etag, servedBy }: CachedResponse, redisTime: number): void {
    const head = JSON.stringify({ time: redisTime, etag, servedBy } satisfies Stored);
    const value = Buffer.concat([Buffer.from(head), Buffer.of(NEWLINE), body]);
    void this.redis.attempt((client) => client.set(key, value, { PX: this.config.CACHE_STALE_MS }));
  }

  drop(key: string): void {
    void this.redis.attempt((client) => client.del(key));
  }
}

interface ReadContext {
  readonly startedAt: number;
  readonly redisTime: number;
  readonly tags: readonly string[];
  readonly maxAgeMs: number;
}

function read(value: Buffer, { startedAt, redisTime, tags, maxAgeMs }: ReadContext): CachedResponse | undefined {
  const end = value.indexOf(NEWLINE);
  const { time, etag, servedBy } = JSON.parse(value.toString('utf8', 0, end)) as Stored;
  const age = redisTime - time;
  // Redis's clock was set back: ages before that are unknown.
  if (age < 0) return undefined;
  return { body: value.subarray(end + 1), etag, servedBy, tags, maxAgeMs, queriedAt: startedAt - age };
}
