import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { newId, type IncomingReply } from '@stoa/messaging';
import { CONFIG, type TraceContext } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import { fillIn, type Operation } from '../contracts/operation.js';
import { HttpProblem } from '../http/problem.js';
import { NOBODY } from '../identity/identity.js';
import type { Fields } from '../requests/build-input.js';
import { CallOperation } from '../requests/call-operation.js';
import { isFresh, mayStandIn, newer, type CachedAnswer } from './cached-answer.js';
import { MemoryCache } from './memory-cache.js';
import { RedisCache } from './redis-cache.js';
import { ServiceReach } from './service-reach.js';

export interface Question {
  readonly operation: Operation;
  readonly input: Fields;
  /** Path and query string as they came. */
  readonly target: string;
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

const isAway = (error: unknown): boolean =>
  error instanceof HttpProblem && (error.status === 503 || error.status === 504);

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
    const key = this.shared.keyOf(question.operation, JSON.stringify(question.input));
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
    const { operation, target } = question;
    const tags = tagsOf(operation, question.input);
    const looked = await this.shared.look(key, tags, this.maxAge(operation));
    if (looked.answer && isFresh(looked.answer, performance.now(), this.memory)) {
      this.memory.put(target, operation.id, looked.answer);
      return { answer: looked.answer, how: 'hit' };
    }
    const last = this.standIn(newer(this.memory.get(target)?.answer, looked.answer));
    if (last && !this.reach.mayAsk(operation.service, performance.now())) return { answer: last, how: 'stale' };
    try {
      const answer = await this.fetch(question, tags, last);
      this.memory.put(target, operation.id, answer);
      if (looked.redisTime !== undefined) this.shared.store(key, answer, looked.redisTime);
      return { answer, how: 'fetched' };
    } catch (error) {
      if (last && isAway(error)) return { answer: last, how: 'stale' };
      if (error instanceof HttpProblem && error.status < 500) this.forget(key, target);
      throw error;
    }
  }

  /** @param last what was answered before: its bytes are kept where nothing changed. */
  private async fetch(
    question: Question,
    tags: readonly string[],
    last: CachedAnswer | undefined,
  ): Promise<CachedAnswer> {
    const { operation, input, trace } = question;
    const queriedAt = performance.now();
    const budgetMs = last ? Math.min(PATIENCE_MS, operation.document.budgetMs) : operation.document.budgetMs;
    let reply: IncomingReply;
    try {
      reply = await this.call.run({ operation, input, caller: NOBODY, id: newId(), trace, budgetMs });
    } catch (error) {
      if (isAway(error)) this.reach.failed(operation.service, performance.now());
      else this.reach.answered(operation.service);
      throw error;
    }
    this.reach.answered(operation.service);
    const same = last?.body.equals(reply.body);
    const body = same ? last!.body : reply.body;
    const etag = same ? last!.etag : etagOf(operation, body);
    return { body, etag, servedBy: reply.servedBy, tags, maxAgeMs: this.maxAge(operation), queriedAt };
  }

  private maxAge({ document }: Operation): number {
    return Math.min(document.cache?.maxAgeMs ?? 0, this.config.CACHE_MAX_AGE_MS);
  }

  private standIn(answer: CachedAnswer | undefined): CachedAnswer | undefined {
    return answer && mayStandIn(answer, performance.now(), this.config.CACHE_STALE_MS) ? answer : undefined;
  }

  /** The service says that it isn't there (any more): no clone shall stand in for that with what was. */
  private forget(key: string, target: string): void {
    this.memory.drop(target);
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
