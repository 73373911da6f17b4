import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { newId } from '@stoa/messaging';
import { CONFIG, type TraceContext } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import { canonicalJson } from '../services/canonical-json.js';
import { fillIn, type Operation } from '../services/operation.js';
import { HttpProblem } from '../http/problem.js';
import { NOBODY } from '../identity/identity.js';
import type { Fields } from '../input/build-input.js';
import { CallOperation } from '../calls/call-operation.js';
import { isFresh, mayStandIn, newer, type CachedAnswer } from './cached-response.js';
import { MemoryCache } from './memory-cache.js';
import { RedisCache } from './redis-cache.js';
import { ServiceReach } from './service-availability.js';

export interface Question {
  readonly operation: Operation;
  readonly input: Fields;
  /** Path and query string as they came, where they say all of the input. */
  readonly target: string | undefined;
  /** When the request came, by performance.now(). */
  readonly arrival: number;
  readonly trace: TraceContext;
}

export interface Found {
  readonly answer: CachedAnswer;
  readonly how: 'hit' | 'fetched' | 'stale';
}

interface Flight {
  readonly startedAt: number;
  readonly found: Promise<Found>;
}

/** A stale answer is at hand: longer than this nobody waits to learn that the service is away. */
const PATIENCE_MS = 2_000;

const isAway = (error: unknown): error is HttpProblem =>
  error instanceof HttpProblem && (error.status === 503 || error.status === 504);

/** A clone of the service said it: of itself, or when to come again. */
const isReply = ({ headers }: HttpProblem): boolean => 'stoa-served-by' in headers || 'retry-after' in headers;

/** Answers cacheable queries from memory, then Redis, then the service; one question of many callers is asked once. */
@Injectable()
export class CachedQuery {
  private readonly flights = new Map<string, Flight>();
  private readonly reach = new ServiceReach();

  constructor(
    private readonly memory: MemoryCache,
    private readonly shared: RedisCache,
    private readonly call: CallOperation,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'CACHE_MAX_AGE_MS' | 'CACHE_STALE_MS'>,
  ) {}

  /** The answer in memory, if it may be given to a request that came at `arrival`. */
  inMemory(target: string, arrival: number): CachedAnswer | undefined {
    return this.memory.fresh(target, arrival)?.answer;
  }

  /** @throws HttpProblem the service's refusal, or 503/504 when it can't be reached and nothing may stand in. */
  async answer(question: Question): Promise<Found> {
    // Of the input as it was understood, not as it was spelled.
    const key = this.shared.keyOf(question.operation, canonicalJson(question.input));
    const found = await this.find(key, question);
    if (question.target !== undefined) this.memory.spell(question.target, key);
    return found;
  }

  private async find(key: string, question: Question): Promise<Found> {
    const known = this.memory.fresh(key, question.arrival);
    if (known) return { answer: known.answer, how: 'hit' };
    for (;;) {
      const joined = this.flights.get(key);
      if (!joined || !this.serves(joined, question)) return this.start(key, question);
      const found = await joined.found;
      // An answer from Redis may have been too old already when this request came.
      if (found.how === 'stale' || isFresh(found.answer, question.arrival, this.memory)) return found;
    }
  }

  /** What a flight finds is fresh for a request unless that came too long after its start, or an event came between. */
  private serves({ startedAt }: Flight, { operation, input, arrival }: Question): boolean {
    if (arrival >= startedAt + this.maxAge(operation)) return false;
    return tagsOf(operation, input).every((tag) => (this.memory.lastOf(tag) ?? -Infinity) < startedAt);
  }

  private start(key: string, question: Question): Promise<Found> {
    const found = this.load(key, question);
    const flight = { startedAt: question.arrival, found };
    this.flights.set(key, flight);
    const land = (): void => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    };
    found.then(land, land);
    return found;
  }

  private async load(key: string, question: Question): Promise<Found> {
    const { operation } = question;
    const tags = tagsOf(operation, question.input);
    const looked = await this.shared.look(key, tags, this.maxAge(operation));
    if (looked.answer && isFresh(looked.answer, performance.now(), this.memory)) {
      this.memory.put(key, operation.id, looked.answer);
      return { answer: looked.answer, how: 'hit' };
    }
    const last = this.standIn(newer(this.memory.get(key)?.answer, looked.answer));
    const queriedAt = performance.now();
    if (last && !this.reach.mayAsk(operation.service, queriedAt, key)) return { answer: last, how: 'stale' };
    try {
      const answer = await this.fetch(question, { tags, queriedAt }, last);
      this.reach.answered(operation.service, key);
      this.memory.put(key, operation.id, answer);
      if (looked.redisTime !== undefined) this.shared.store(key, answer, looked.redisTime);
      return { answer, how: 'fetched' };
    } catch (error) {
      this.learn(error, operation.service, key, queriedAt);
      if (last && isAway(error)) return { answer: last, how: 'stale' };
      if (error instanceof HttpProblem && error.status < 500) this.forget(key);
      throw error;
    }
  }

  /** @param last what was answered before: its bytes are kept where nothing changed. */
  private async fetch(
    { operation, input, trace }: Question,
    about: Pick<CachedAnswer, 'tags' | 'queriedAt'>,
    last: CachedAnswer | undefined,
  ): Promise<CachedAnswer> {
    const budgetMs = last ? Math.min(PATIENCE_MS, operation.document.budgetMs) : operation.document.budgetMs;
    const reply = await this.call.run({ operation, input, caller: NOBODY, id: newId(), trace, budgetMs });
    const same = last?.body.equals(reply.body);
    const body = same ? last!.body : reply.body;
    const etag = same ? last!.etag : etagOf(operation, body);
    return { body, etag, servedBy: reply.servedBy, maxAgeMs: this.maxAge(operation), ...about };
  }

  private learn(error: unknown, service: string, key: string, queriedAt: number): void {
    const now = performance.now();
    if (!isAway(error) || isReply(error)) this.reach.answered(service, key, now);
    if (!isAway(error)) return;
    if (isReply(error) || error.code === 'OVERLOADED') this.reach.setAside(service, now, key);
    else this.reach.failed(service, now, key, queriedAt);
  }

  private maxAge({ document }: Operation): number {
    return Math.min(document.cache?.maxAgeMs ?? 0, this.config.CACHE_MAX_AGE_MS);
  }

  private standIn(answer: CachedAnswer | undefined): CachedAnswer | undefined {
    return answer && mayStandIn(answer, performance.now(), this.config.CACHE_STALE_MS) ? answer : undefined;
  }

  /** The service says that it isn't there (any more): no clone shall stand in for that with what was. */
  private forget(key: string): void {
    this.memory.drop(key);
    this.shared.drop(key);
  }
}

/** Templates with a field that wasn't given have no tag: such an answer isn't about that field. */
function tagsOf({ document }: Operation, input: Fields): string[] {
  return (document.cache?.tags ?? []).map((tag) => fillIn(tag, input)).filter((tag) => tag !== undefined);
}

/** The version in quotes where the contract names it, else a hash of the bytes. */
function etagOf({ document }: Operation, body: Buffer): string {
  if (document.etag === undefined) return `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const output = JSON.parse(body.toString('utf8')) as Fields;
  return `"${String(output[document.etag])}"`;
}
