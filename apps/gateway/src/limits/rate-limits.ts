import { createHash } from 'node:crypto';
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
import { networkOf } from './network-of.js';

/** A limit, and the counter that a call counts on. */
interface Count {
  readonly limit: Limit;
  readonly counter: string;
  /** By this clone's memory and share alone: for what every request is counted by. */
  readonly isLocal?: boolean;
}

const headersOf = ({ limit, remaining, resetMs }: Taken): Headers => ({
  'ratelimit-limit': String(limit),
  'ratelimit-remaining': String(remaining),
  'ratelimit-reset': String(Math.ceil(resetMs / 1000)),
});

const addressCounter = (address: string): string => `a:${networkOf(address)}`;

/** Somebody whose identity costs nothing: a guest, whose token anybody gets, or nobody at all. */
export const isStranger = (identity: Identity | undefined): boolean =>
  identity === undefined || identity.kind === 'guest';

/** Callers who make their own identity are counted by their address: another token is no other allowance. */
const isByAddress = ({ id, document }: Operation): boolean =>
  document.rateLimit?.by === 'address' || id === 'gateway.startGuest';

const multiplied = (limit: Limit, name: string, factor: number): Limit => ({
  ...limit,
  name: `${limit.name}/${name}`,
  points: limit.points * factor,
});

/**
 * RateLimits applies the contract's limit of an operation, and general ones for writes and reads that no cache served.
 * Whatever is dear and needs no account is counted by address, by account and for all strangers together.
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
  take(operation: Operation, identity: Identity | undefined, address: string): Promise<Headers> {
    const own = this.ownLimit(operation);
    const caller = identity ? `c:${identity.customerId}` : addressCounter(address);
    const counts: Count[] = own
      ? [{ limit: own, counter: isByAddress(operation) ? addressCounter(address) : caller }]
      : [];
    // Whoever sends a raw body is no shopper: a provider's events come in bursts, from few addresses.
    const general = operation.document.rawBody ? undefined : this.generalLimit(operation);
    if (general) counts.push({ limit: general, counter: caller });
    if (general && identity?.kind === 'guest') counts.push(this.ofAddress(general, address));
    return this.takeAll(counts);
  }

  /** Counts a call of a stranger beside those of all others. @throws HttpProblem 429 */
  async takeOfStrangers(operation: Operation): Promise<void> {
    const own = this.ownLimit(operation);
    if (own) await this.takeAll([{ limit: this.ofAll(own), counter: 'all' }]);
  }

  /**
   * Counts a sign-in.
   * @param name the login name that was typed
   * @param owner whose device it is, if it signed in before; without one, the name and all strangers are counted
   * @throws HttpProblem 429
   */
  async takeSignIn(operation: Operation, name: string, owner: string | undefined): Promise<void> {
    const own = this.ownLimit(operation);
    if (!own) return;
    const account = createHash('sha256').update(name.normalize('NFC').toLowerCase()).digest('base64url');
    await this.takeAll(
      owner === undefined
        ? [
            { limit: { ...own, name: `${own.name}/account` }, counter: account },
            { limit: this.ofAll(own), counter: 'all' },
          ]
        : [{ limit: { ...own, name: `${own.name}/device` }, counter: owner }],
    );
  }

  private async takeAll(counts: readonly Count[]): Promise<Headers> {
    if (!this.config.RATE_LIMITS) return {};
    const taken = await Promise.all(counts.map((count) => this.count(count)));
    const closest = taken.toSorted((a, b) => a.remaining / a.limit - b.remaining / b.limit)[0];
    const refused = taken.filter(({ allowed }) => !allowed).toSorted((a, b) => b.resetMs - a.resetMs)[0];
    if (!refused) return closest ? headersOf(closest) : {};
    const seconds = Math.max(1, Math.ceil(refused.resetMs / 1000));
    throw problem('RATE_LIMITED', `More than ${refused.limit} calls: try again in ${seconds} s`, {
      headers: { ...headersOf(refused), 'retry-after': String(seconds) },
    });
  }

  private async count({ limit, counter, isLocal = false }: Count): Promise<Taken> {
    return isLocal ? this.limiter(limit).takeLocally(counter) : this.limiter(limit).take(counter);
  }

  /** The limit that only this operation has. */
  private ownLimit({ id, document }: Operation): Limit | undefined {
    const { RATE_LIMIT_GUESTS_PER_MINUTE: guests } = this.config;
    if (id === 'gateway.startGuest') return guests > 0 ? { name: 'guests', points: guests, seconds: 60 } : undefined;
    return document.rateLimit && { ...document.rateLimit, name: id };
  }

  /** Limits that hold for many operations belong here, their settings into config.ts. */
  private generalLimit({ id, isCommand }: Operation): Limit | undefined {
    const { RATE_LIMIT_WRITES_PER_MINUTE: writes, RATE_LIMIT_READS_PER_MINUTE: reads } = this.config;
    const points = isCommand ? writes : reads;
    if (points === 0 || id === 'gateway.startGuest') return undefined;
    return { name: isCommand ? 'writes' : 'reads', points, seconds: 60 };
  }

  /** All guests of one address together. Not by way of Redis: that would cost each request another trip. */
  private ofAddress(limit: Limit, address: string): Count {
    const shared = multiplied(limit, 'address', this.config.RATE_LIMIT_CALLERS_PER_ADDRESS);
    return { limit: shared, counter: addressCounter(address), isLocal: true };
  }

  private ofAll = (limit: Limit): Limit => multiplied(limit, 'all', this.config.RATE_LIMIT_ADDRESSES_TOGETHER);

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
