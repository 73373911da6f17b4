import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import type { Operation } from '../services/operation.js';
import { RedisConnection } from '../storage/redis-connection.js';
import type { CachedAnswer } from './cached-response.js';

/** What a look into Redis found. */
export interface Looked {
  readonly answer: CachedAnswer | undefined;
  /** Redis's clock at the look, in ms since the epoch: the time that a query sent after it counts from. */
  readonly redisTime: number | undefined;
}

interface Stored {
  /** Redis's clock before the query was sent. */
  readonly time: number;
  readonly etag: string;
  readonly servedBy: string;
}

const NEWLINE = 0x0a;

/** `[seconds, microseconds]` as TIME answers them. */
const millisOf = ([seconds, micros]: readonly unknown[]): number =>
  Number(String(seconds)) * 1000 + Number(String(micros)) / 1000;

/**
 * The cache that the clones share. The age of an answer is told by Redis's own clock, read before the query was sent and
 * again when it is looked up, so that neither a slow write nor clones whose clocks disagree make it live longer.
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

  /** @param input the operation's input as JSON; together with the operation's version it names the answer. */
  keyOf({ id, document }: Operation, input: string): string {
    const hash = createHash('sha256').update(input).digest('base64url');
    return `${this.prefix}${id}:${document.since}:${hash}`;
  }

  /** Never throws: without Redis nothing is found. */
  async look(key: string, tags: readonly string[], maxAgeMs: number): Promise<Looked> {
    const asked = performance.now();
    // In this order on one connection: the clock is read after the value, so that an age is never told too small.
    const found = await this.redis.attempt((client) =>
      Promise.all([client.get(key), client.sendCommand<unknown[]>(['TIME'])]),
    );
    if (!found) return { answer: undefined, redisTime: undefined };
    const [value, time] = found;
    const redisTime = millisOf(time);
    return { answer: value ? read(value, { asked, redisTime, tags, maxAgeMs }) : undefined, redisTime };
  }

  /** Stores in the background. @param redisTime what `look` told before the query was sent */
  store(key: string, { body, etag, servedBy }: CachedAnswer, redisTime: number): void {
    const head = JSON.stringify({ time: redisTime, etag, servedBy } satisfies Stored);
    const value = Buffer.concat([Buffer.from(head), Buffer.of(NEWLINE), body]);
    void this.redis.attempt((client) => client.set(key, value, { PX: this.config.CACHE_STALE_MS }));
  }

  drop(key: string): void {
    void this.redis.attempt((client) => client.del(key));
  }
}

interface Lookup {
  readonly asked: number;
  readonly redisTime: number;
  readonly tags: readonly string[];
  readonly maxAgeMs: number;
}

function read(value: Buffer, { asked, redisTime, tags, maxAgeMs }: Lookup): CachedAnswer | undefined {
  const end = value.indexOf(NEWLINE);
  const { time, etag, servedBy } = JSON.parse(value.toString('utf8', 0, end)) as Stored;
  const age = redisTime - time;
  // Redis's clock was set back: what it says about ages before that is worth nothing.
  if (age < 0) return undefined;
  return { body: value.subarray(end + 1), etag, servedBy, tags, maxAgeMs, queriedAt: asked - age };
}
