import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import type { Operation } from '../services/operation.js';
import { problem } from '../http/problem.js';
import type { Headers } from '../http/response.js';
import type { Identity } from '../identity/identity.js';
import { RedisConnection } from '../storage/redis-connection.js';
import { CloneCount } from './clone-count.js';
import { Limiter, type Limit } from './limiter.js';
import { LocalWindows, type Taken } from './local-windows.js';

const headersOf = ({ limit, remaining, resetMs }: Taken): Headers => ({
  'ratelimit-limit': String(limit),
  'ratelimit-remaining': String(remaining),
  'ratelimit-reset': String(Math.ceil(resetMs / 1000)),
});

/** Characters kept of an address: a trusted proxy may send one that is none. */
const LONGEST_NETWORK = 64;

/** The counter of a call: one for each caller with a token, else one for each address. */
const counterOf = (identity: Identity | undefined, address: string): string =>
  identity ? `c:${identity.customerId}` : `a:${networkOf(address).slice(0, LONGEST_NETWORK)}`;

/** One household or host has a whole /64 of IPv6: its addresses are counted as one. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...(tail === undefined ? [] : zeros), ...right].slice(0, 4).join(':');
}

/**
 * RateLimits applies the contract's limit of an operation, and general ones for writes and reads that no cache served.
 */
@Injectable()
export class RateLimits {
  private readonly limiters = new Map<string, Limiter>();
  private readonly local = new LocalWindows();

  constructor(
    private readonly redis: RedisConnection,
    private readonly clones: CloneCount,
    @Inject(CONFIG) private readonly config: GatewayConfig,
  ) {}

  /**
   * Counts a call.
   * @returns headers that report the limit that is closest to its end
   * @throws HttpProblem 429
   */
  async take(operation: Operation, identity: Identity | undefined, address: string): Promise<Headers> {
    if (!this.config.RATE_LIMITS) return {};
    const counter = counterOf(identity, address);
    const taken = await Promise.all(this.limitsOf(operation).map((limit) => this.limiter(limit).take(counter)));
    const closest = taken.toSorted((a, b) => a.remaining / a.limit - b.remaining / b.limit)[0];
    const refused = taken.filter(({ allowed }) => !allowed).toSorted((a, b) => b.resetMs - a.resetMs)[0];
    if (!refused) return closest ? headersOf(closest) : {};
    const seconds = Math.max(1, Math.ceil(refused.resetMs / 1000));
    throw problem('RATE_LIMITED', `More than ${refused.limit} calls: try again in ${seconds} s`, {
      headers: { ...headersOf(refused), 'retry-after': String(seconds) },
    });
  }

  /** All limits of an operation. Limits that hold for many operations belong here, their settings into config.ts. */
  private limitsOf({ id, isCommand, document }: Operation): Limit[] {
    const { RATE_LIMIT_WRITES_PER_MINUTE, RATE_LIMIT_READS_PER_MINUTE, RATE_LIMIT_GUESTS_PER_MINUTE } = this.config;
    const general: Limit =
      id === 'gateway.startGuest'
        ? { name: 'guests', points: RATE_LIMIT_GUESTS_PER_MINUTE, seconds: 60 }
        : isCommand
          ? { name: 'writes', points: RATE_LIMIT_WRITES_PER_MINUTE, seconds: 60 }
          : { name: 'reads', points: RATE_LIMIT_READS_PER_MINUTE, seconds: 60 };
    const own = document.rateLimit ? [{ name: id, ...document.rateLimit }] : [];
    return [...own, ...(general.points > 0 ? [general] : [])];
  }

  private limiter(limit: Limit): Limiter {
    const name = `${limit.name}/${limit.points}/${limit.seconds}`;
    let limiter = this.limiters.get(name);
    if (!limiter) {
      const prefix = `stoa:${this.config.KAFKA_TOPIC_PREFIX}limit:`;
      limiter = new Limiter({ ...limit, name }, prefix, this.redis, () => this.clones.value, this.local);
      this.limiters.set(name, limiter);
    }
    return limiter;
  }
}
