import { Inject, Injectable } from '@nestjs/common';
import { CachedQuery } from '../cache/cached-query.js';
import { CONFIG } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import { OWN_SERVICE } from '../services/contract-book.js';
import { Contracts } from '../services/contracts.js';
import type { Operation } from '../services/operation.js';
import type { Match } from '../services/route-table.js';
import { problem, type Headers } from '../http/problem.js';
import { checkCaller, type Identity } from '../identity/identity.js';
import { Tokens } from '../identity/tokens.js';
import { RateLimits } from '../limits/rate-limits.js';
import { OwnOperations, TAKES_ANY_TOKEN } from '../builtin/builtin-operations.js';
import { REQUESTS, type RequestPort } from '../messages/messages-port.js';
import { cachedAnswerOf, type Answer } from './operation-response.js';
import { BodyMemory } from '../input/body-memory.js';
import { buildInput, inputBytes, validateInput, type Fields } from '../input/build-input.js';
import { headerOf, pathOf, type Exchange } from '../http/exchange.js';
import { hasBody, parseJsonObject, readBody, requireJson } from '../input/read-body.js';
import { RunForCaller } from './run-for-caller.js';

type Found = Extract<Match, { outcome: 'found' }>;

interface ReadInput {
  readonly input: Fields;
  readonly bytes: Buffer | string;
}

/** Takes a request from its route to its answer: who asks, may they, how often, with which input, and then the operation. */
@Injectable()
export class HandleRequest {
  constructor(
    private readonly contracts: Contracts,
    private readonly tokens: Tokens,
    private readonly limits: RateLimits,
    private readonly cached: CachedQuery,
    private readonly forCaller: RunForCaller,
    private readonly own: OwnOperations,
    private readonly bodies: BodyMemory,
    @Inject(REQUESTS) private readonly requests: RequestPort,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'BODY_LIMIT_BYTES'>,
  ) {}

  /** @throws HttpProblem for whatever is refused */
  async handle(exchange: Exchange): Promise<Answer> {
    try {
      return await this.answer(exchange);
    } finally {
      this.bodies.giveBack(exchange);
    }
  }

  private async answer(exchange: Exchange): Promise<Answer> {
    const found = this.route(exchange);
    const { operation } = found;
    exchange.operation = operation.id;
    if (operation.service === OWN_SERVICE) return this.runOwn(exchange, found);
    // At once: what it takes to find out who asks and what for would cost as much as what is served.
    if (!operation.isCached && !this.requests.hasRoom(operation.service))
      throw problem('OVERLOADED', `Too many requests to ${operation.service} are in flight`);
    const identity = await this.tokens.identify(headerOf(exchange, 'authorization'));
    checkCaller(operation.document.caller, identity);
    if (operation.isCached) return this.runCached(exchange, found, identity);
    const limitHeaders = await this.limits.take(operation, identity, exchange.address);
    const { input, bytes } = operation.document.upload
      ? { input: buildInput(operation, { ...found, body: {} }), bytes: '' }
      : await this.readInput(exchange, found);
    return withHeaders(await this.forCaller.run({ exchange, operation, identity, input, bytes }), limitHeaders);
  }

  /** @throws HttpProblem 404, 405 or 400 */
  private route({ method, target }: Exchange): Found {
    const match = this.contracts.table.find(method, target);
    switch (match.outcome) {
      case 'found':
        return match;
      case 'other method':
        throw problem('METHOD_NOT_ALLOWED', `${method} is not answered here; ${match.allow.join(', ')} are`, {
          headers: { allow: match.allow.join(', ') },
        });
      case 'malformed':
        throw problem('INVALID_INPUT', 'The path or query string is not percent-encoded UTF-8');
      case 'unknown':
        throw problem('NOT_FOUND', `There is nothing at ${pathOf(target)}; /docs lists what there is`);
    }
  }

  private async runCached(exchange: Exchange, found: Found, identity: Identity | undefined): Promise<Answer> {
    const { operation } = found;
    const ifNoneMatch = headerOf(exchange, 'if-none-match');
    const { arrival, trace } = exchange;
    const target = operation.takesQueryString ? exchange.target : undefined;
    const known = target === undefined ? undefined : this.cached.inMemory(target, arrival);
    if (known) return cachedAnswerOf({ answer: known, how: 'hit' }, arrival, ifNoneMatch);
    const limitHeaders = await this.limits.take(operation, identity, exchange.address);
    const { input } = await this.readInput(exchange, found);
    const answer = await this.cached.answer({ operation, input, target, arrival, trace });
    return withHeaders(cachedAnswerOf(answer, performance.now(), ifNoneMatch), limitHeaders);
  }

  private async runOwn(exchange: Exchange, found: Found): Promise<Answer> {
    const { operation } = found;
    const identity = await this.identifyForOwn(exchange, operation);
    checkCaller(operation.document.caller, identity);
    const limitHeaders = await this.limits.take(operation, identity, exchange.address);
    const { input } = await this.readInput(exchange, found);
    const output = await this.own.run(operation.name, input, { identity, trace: exchange.trace });
    const { status } = operation.document;
    const headers = { 'cache-control': 'no-store', ...limitHeaders };
    if (status === 204) return { status, headers, body: undefined };
    return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(output) };
  }

  /** At sign-in and refresh an expired token is no reason to refuse: clients send it along until they have a new one. */
  private async identifyForOwn(exchange: Exchange, operation: Operation): Promise<Identity | undefined> {
    const identity = this.tokens.identify(headerOf(exchange, 'authorization'));
    return TAKES_ANY_TOKEN.has(operation.name) ? identity.catch(() => undefined) : identity;
  }

  /** @throws HttpProblem 400, 408, 413, 415 or 503 */
  private async readInput(exchange: Exchange, { operation, params, query }: Found): Promise<ReadInput> {
    const { request } = exchange;
    let raw: Buffer | undefined;
    let body: Fields = {};
    if (hasBody(request)) {
      if (operation.takesQueryString)
        throw problem('INVALID_INPUT', `${operation.document.http?.method} takes no body: use the query string`);
      requireJson(request);
      raw = await readBody(request, this.config.BODY_LIMIT_BYTES, (bytes) => this.bodies.take(exchange, bytes));
      if (raw.length > 0) body = parseJsonObject(raw);
    }
    const input = buildInput(operation, { params, query, body });
    const bytes = inputBytes(operation, input, raw);
    validateInput(operation, input, bytes);
    return { input, bytes };
  }
}

const withHeaders = (answer: Answer, more: Headers): Answer => ({ ...answer, headers: { ...answer.headers, ...more } });
