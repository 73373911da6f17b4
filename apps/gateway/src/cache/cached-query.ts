import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { newId } from '@stoa/messaging';
import { CONFIG, type TraceContext } from '@stoa/service';
import { CallOperation } from '../calls/call-operation.js';
import type { GatewayConfig } from '../config.js';
import { HttpProblem, isTransientProblem } from '../http/problem.js';
import { NOBODY } from '../identity/identity.js';
import { canonicalJson } from '../services/canonical-json.js';
import { fillIn, type Fields, type Operation } from '../services/operation.js';
import { FreshAges } from './fresh-ages.js';
import { isFresh, mayServeStale, newer, type CachedResponse, type CacheOutcome } from './cached-response.js';
import { MemoryCache } from './memory-cache.js';
import { RedisCache } from './redis-cache.js';
import { ServiceAvailability } from './service-availability.js';

/** One request to a cacheable query. */
export interface CacheableQuery {
  readonly operation: Operation;
  readonly input: Fields;
  /** Path and query string as they came, where they hold all of the input. */
  readonly target: string | undefined;
  /** When the request came, by performance.now(). */
  readonly arrival: number;
  readonly trace: TraceContext;
}

/** A response, and where it came from. */
export interface CacheResult {
  readonly response: CachedResponse;
  readonly outcome: CacheOutcome;
}

/** A query on its way to the service, shared by the requests that mean the same. */
interface InFlightQuery {
  readonly startedAt: number;
  readonly result: Promise<CacheResult>;
}

/** With a stale response at hand, nobody waits longer than this to learn that the service is unavailable. */
const TIMEOUT_MS = 2_000;

/** A clone of the service sent it: about itself, or with a time for a retry. */
const isReply = ({ headers }: HttpProblem): boolean => 'stoa-served-by' in headers || 'retry-after' in headers;

/**
 * CachedQuery serves cacheable queries from memory, then Redis, then the service. Callers that mean the same share a
 * query.
 */
@Injectable()
export class CachedQuery {
  private readonly inFlight = new Map<string, InFlightQuery>();
  private readonly availability = new ServiceAvailability();

  constructor(
    private readonly memory: MemoryCache,
    private readonly shared: RedisCache,
    private readonly call: CallOperation,
    private readonly ages: FreshAges,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'CACHE_STALE_MS'>,
  ) {}

  /** The response in memory, if it may be served to a request that came at `arrival`. */
  inMemory(target: string, arrival: number): CachedResponse | undefined {
    return this.memory.fresh(target, arrival)?.response;
  }

  /** @throws HttpProblem the service's error, or 503/504 when it is unavailable and no stale response may be served */
  async run(query: CacheableQuery): Promise<CacheResult> {
    // Of the input as it was understood, not as it was spelled.
    const key = this.shared.keyOf(query.operation, canonicalJson(query.input));
    const result = await this.find(key, query);
    if (query.target !== undefined) this.memory.spell(query.target, key);
    return result;
  }

  private async find(key: string, query: CacheableQuery): Promise<CacheResult> {
    const known = this.memory.fresh(key, query.arrival);
    if (known) return { response: known.response, outcome: 'hit' };
    for (;;) {
      const joined = this.inFlight.get(key);
      if (!joined || !this.suits(joined, query)) return this.start(key, query);
      const result = await joined.result;
      // A response from Redis may have been too old already when this request came.
      if (result.outcome === 'stale' || isFresh(result.response, query.arrival, this.memory)) return result;
    }
  }

  /** The result will be fresh for a request unless that came too long after the start, or an event came between. */
  private suits({ startedAt }: InFlightQuery, { operation, input, arrival }: CacheableQuery): boolean {
    if (arrival >= startedAt + this.ages.maxAgeOf(operation)) return false;
    return tagsOf(operation, input).every((tag) => (this.memory.lastOf(tag) ?? -Infinity) < startedAt);
  }

  private start(key: string, query: CacheableQuery): Promise<CacheResult> {
    const result = this.load(key, query);
    const started = { startedAt: query.arrival, result };
    this.inFlight.set(key, started);
    const end = (): void => {
      if (this.inFlight.get(key) === started) this.inFlight.delete(key);
    };
    result.then(end, end);
    return result;
  }

  private async load(key: string, query: CacheableQuery): Promise<CacheResult> {
    const { operation } = query;
    const tags = tagsOf(operation, query.input);
    const stored = await this.shared.lookUp(key, tags, this.ages.maxAgeOf(operation));
    if (stored.response && isFresh(stored.response, performance.now(), this.memory)) {
      this.memory.put(key, operation.id, stored.response);
      return { response: stored.response, outcome: 'hit' };
    }
    const last = this.usable(newer(this.memory.get(key)?.response, stored.response));
    const queriedAt = performance.now();
    if (last && !this.availability.mayTry(operation.service, queriedAt, key))
      return { response: last, outcome: 'stale' };
    try {
      const response = await this.fetch(query, { tags, queriedAt }, last);
      this.availability.replied(operation.service, key);
      this.memory.put(key, operation.id, response);
      if (stored.redisTime !== undefined) this.shared.store(key, response, stored.redisTime);
      return { response, outcome: 'fetched' };
    } catch (error) {
      this.recordFailure(error, operation.service, key, queriedAt);
      if (last && isTransientProblem(error)) return { response: last, outcome: 'stale' };
      if (error instanceof HttpProblem && error.status < 500) this.forget(key);
      throw error;
    }
  }

  /** @param last the response before this one: its bytes are kept where nothing changed */
  private async fetch(
    { operation, input, trace }: CacheableQuery,
    origin: Pick<CachedResponse, 'tags' | 'queriedAt'>,
    last: CachedResponse | undefined,
  ): Promise<CachedResponse> {
    const budgetMs = last ? Math.min(TIMEOUT_MS, operation.document.budgetMs) : operation.document.budgetMs;
    const reply = await this.call.run({ operation, input, caller: NOBODY, id: newId(), trace, budgetMs });
    const same = last?.body.equals(reply.body);
    const body = same ? last!.body : reply.body;
    const etag = same ? last!.etag : etagOf(operation, body);
    return { body, etag, servedBy: reply.servedBy, maxAgeMs: this.ages.maxAgeOf(operation), ...origin };
  }

  private recordFailure(error: unknown, service: string, key: string, queriedAt: number): void {
    const now = performance.now();
    if (!isTransientProblem(error) || isReply(error)) this.availability.replied(service, key, now);
    if (!isTransientProblem(error)) return;
    if (isReply(error) || error.code === 'OVERLOADED') this.availability.queryFailed(service, now, key);
    else this.availability.noReply(service, now, key, queriedAt);
  }

  private usable(response: CachedResponse | undefined): CachedResponse | undefined {
    return response && mayServeStale(response, performance.now(), this.config.CACHE_STALE_MS) ? response : undefined;
  }

  /** The service's error says that the subject is not there (any more): no clone may serve it from a cache. */
  private forget(key: string): void {
    this.memory.drop(key);
    this.shared.drop(key);
  }
}

/** A template with a field that wasn't given yields no tag: such a response isn't about that field. */
function tagsOf({ document }: Operation, input: Fields): string[] {
  return (document.cache?.tags ?? []).map((tag) => fillIn(tag, input)).filter((tag) => tag !== undefined);
}

/** The version in quotes where the contract names it, else a hash of the bytes. */
function etagOf({ document }: Operation, body: Buffer): string {
  if (document.etag === undefined) return `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const output = JSON.parse(body.toString('utf8')) as Fields;
  return `"${String(output[document.etag])}"`;
}
