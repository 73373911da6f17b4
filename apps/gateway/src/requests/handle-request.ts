import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@stoa/service';
import { Audit } from '../audit/audit.js';
import { accountName, SecurityLog } from '../audit/security-log.js';
import { BuiltinOperations, TAKES_ANY_TOKEN } from '../builtin/builtin-operations.js';
import { BUILTIN_SERVICE } from '../builtin/contract.js';
import { CachedQuery } from '../cache/cached-query.js';
import { cachedHttpResponse } from '../cache/cached-response.js';
import { REQUESTS, type RequestPort } from '../calls/request-port.js';
import type { GatewayConfig } from '../config.js';
import { headerOf, pathOf, type Exchange } from '../http/exchange.js';
import { problem } from '../http/problem.js';
import { jsonResponse, withHeaders, type HttpResponse } from '../http/response.js';
import { checkCaller, checkFresh, NOBODY_ID, whoIs, type Identity } from '../identity/identity.js';
import { Tokens } from '../identity/tokens.js';
import { BodyMemory } from '../input/body-memory.js';
import { buildInput, inputBytes, validateInput } from '../input/build-input.js';
import { readRawBody } from '../input/raw-body.js';
import { hasBody, parseJsonObject, readBody, requireJson } from '../input/read-body.js';
import { isStranger, RateLimits } from '../limits/rate-limits.js';
import { Strangers } from '../limits/strangers.js';
import { Contracts } from '../services/contracts.js';
import type { Fields, Operation } from '../services/operation.js';
import type { Match } from '../services/route-table.js';
import { RunForCaller } from './run-for-caller.js';

type Found = Extract<Match, { outcome: 'found' }>;

const NOBODY_AS_GUEST: Identity = { kind: 'guest', customerId: NOBODY_ID };

interface ReadInput {
  readonly input: Fields;
  readonly bytes: Buffer | string;
}

/** HandleRequest takes a request from its route to its response: identity, caller rule, limits, input, operation. */
@Injectable()
export class HandleRequest {
  constructor(
    private readonly contracts: Contracts,
    private readonly tokens: Tokens,
    private readonly limits: RateLimits,
    private readonly strangers: Strangers,
    private readonly cached: CachedQuery,
    private readonly forCaller: RunForCaller,
    private readonly builtin: BuiltinOperations,
    private readonly bodies: BodyMemory,
    private readonly audit: Audit,
    private readonly security: SecurityLog,
    @Inject(REQUESTS) private readonly requests: RequestPort,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'BODY_LIMIT_BYTES'>,
  ) {}

  /** @throws HttpProblem for whatever is refused */
  async handle(exchange: Exchange): Promise<HttpResponse> {
    try {
      return await this.respond(exchange);
    } finally {
      this.bodies.giveBack(exchange);
    }
  }

  private async respond(exchange: Exchange): Promise<HttpResponse> {
    const found = this.route(exchange);
    const { operation } = found;
    exchange.operation = operation.id;
    if (operation.service === BUILTIN_SERVICE) return this.runBuiltin(exchange, found);
    // First of all: to verify a token and read an input would cost as much as the requests that are served.
    if (!operation.isCached && !this.requests.hasRoom(operation.service))
      throw problem('OVERLOADED', `Too many requests to ${operation.service} are in flight`);
    if (operation.document.rawBody) return this.runRaw(exchange, found);
    const identity = await this.tokens.identify(headerOf(exchange, 'authorization'));
    exchange.who = identity && whoIs(identity);
    checkCaller(operation.document, identity);
    checkFresh(operation.document.freshSeconds, identity);
    if (operation.isCached) return this.runCached(exchange, found, identity);
    const limitHeaders = await this.limits.take(operation, identity, exchange.address);
    const { input, bytes } = operation.document.upload
      ? { input: buildInput(operation, { ...found, body: {} }), bytes: '' }
      : await this.readInput(exchange, found);
    const run = (): Promise<HttpResponse> => this.forCaller.run({ exchange, operation, identity, input, bytes });
    const isDear = operation.document.rateLimit?.by === 'address' && isStranger(identity);
    return withHeaders(await (isDear ? this.runForStranger(operation, run) : run()), limitHeaders);
  }

  /** Whoever sends it is known by a signature that only the service can check: no token is read, and none is given. */
  private async runRaw(exchange: Exchange, { operation, params, query }: Found): Promise<HttpResponse> {
    const limitHeaders = await this.limits.take(operation, undefined, exchange.address);
    const take = (size: number): void => this.bodies.take(exchange, size);
    const body = await readRawBody(exchange, operation, this.config.BODY_LIMIT_BYTES, take);
    const input = buildInput(operation, { params, query, body });
    const bytes = JSON.stringify(input);
    validateInput(operation, input, bytes);
    const task = { exchange, operation, identity: NOBODY_AS_GUEST, input, bytes };
    return withHeaders(await this.forCaller.run(task), limitHeaders);
  }

  private async runForStranger<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
    await this.limits.takeOfStrangers(operation);
    return this.strangers.run(work);
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

  private async runCached(exchange: Exchange, found: Found, identity: Identity | undefined): Promise<HttpResponse> {
    const { operation } = found;
    const ifNoneMatch = headerOf(exchange, 'if-none-match');
    const { arrival, trace } = exchange;
    const target = operation.takesQueryString ? exchange.target : undefined;
    const known = target === undefined ? undefined : this.cached.inMemory(target, arrival);
    if (known) return cachedHttpResponse(known, 'hit', arrival, ifNoneMatch);
    const limitHeaders = await this.limits.take(operation, identity, exchange.address);
    const { input } = await this.readInput(exchange, found);
    const { response, outcome } = await this.cached.run({ operation, input, target, arrival, trace });
    return withHeaders(cachedHttpResponse(response, outcome, performance.now(), ifNoneMatch), limitHeaders);
  }

  private async runBuiltin(exchange: Exchange, found: Found): Promise<HttpResponse> {
    const { operation } = found;
    const identity = await this.identifyForBuiltin(exchange, operation);
    exchange.who = identity && whoIs(identity);
    checkCaller(operation.document, identity);
    checkFresh(operation.document.freshSeconds, identity);
    const limitHeaders = await this.limits.take(operation, identity, exchange.address);
    const { input } = await this.readInput(exchange, found);
    const work = async (): Promise<HttpResponse> => {
      const output = await this.builtin.run(operation.name, input, {
        identity,
        trace: exchange.trace,
        client: { address: exchange.address, userAgent: headerOf(exchange, 'user-agent') },
      });
      const { status } = operation.document;
      const headers = { 'cache-control': 'no-store', ...limitHeaders };
      return status === 204
        ? { status, headers, body: undefined }
        : jsonResponse(JSON.stringify(output), headers, status);
    };
    if (operation.name === 'signIn') return this.signIn(exchange, input, work);
    const isAudited = identity?.kind === 'operator' && operation.document.caller !== 'anyone';
    return isAudited
      ? this.audit.record({ exchange, operation, input, operatorId: identity.customerId }, work)
      : work();
  }

  /** Events of it name the account, since the caller is not known before. */
  private async signIn(exchange: Exchange, input: Fields, work: () => Promise<HttpResponse>): Promise<HttpResponse> {
    exchange.who = accountName(String(input['email']));
    const response = await work();
    this.security.allowed(exchange, 'signed in');
    return response;
  }

  /**
   * At sign-in and refresh an expired token is no reason to refuse: clients send it along until they have a new one.
   */
  private async identifyForBuiltin(exchange: Exchange, operation: Operation): Promise<Identity | undefined> {
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
