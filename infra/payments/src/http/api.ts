import { timingSafeEqual } from 'node:crypto';
import type { Books } from '../api/books.js';
import type { ApiResponse } from '../api/intents.js';
import { expand } from '../api/lists.js';
import { routeOf, type Route } from '../api/routes.js';
import type { Fault, Faults } from '../faults/menu.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Settings } from '../settings.js';
import type { Deliveries } from '../webhooks/deliveries.js';
import { ApiError } from './errors.js';
import { ParamReader, parseForm, type Params } from './form.js';
import { earlierResponse, keepResponse } from './idempotency.js';

/** A request to the API, without its transport. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly authorization: string | undefined;
  readonly idempotencyKey: string | undefined;
}

const internalError = { error: { type: 'api_error', message: 'An unknown error occurred (a fault from the menu)' } };
const tooMany = { error: { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests' } };

/** The API: authentication, idempotency keys, faults, then the route in one transaction. */
export class Api {
  constructor(
    private readonly settings: Settings,
    private readonly ledger: Ledger,
    private readonly faults: Faults,
    private readonly deliveries: Deliveries,
  ) {}

  /** @returns undefined: the client never gets a response. */
  async respond(request: ApiRequest): Promise<ApiResponse | undefined> {
    try {
      if (!this.isAuthentic(request.authorization)) throw unauthorised();
      return await this.route(request);
    } catch (error) {
      if (error instanceof ApiError) return { status: error.status, body: error.body };
      throw error;
    }
  }

  isAuthentic(authorization = ''): boolean {
    const [scheme = '', value = ''] = authorization.split(' ');
    const key = scheme.toLowerCase() === 'basic' ? Buffer.from(value, 'base64').toString().replace(/:$/, '') : value;
    const [given, wanted] = [Buffer.from(key), Buffer.from(this.settings.secretKey)];
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  /** The books for a change that a page makes. */
  books(faults: ReadonlySet<string> = new Set(), idempotencyKey: string | null = null): Books {
    const { publicUrl, lateMs } = this.settings;
    return { ledger: this.ledger, faults, publicUrl, lateMs, idempotencyKey, events: [] };
  }

  private async route(request: ApiRequest): Promise<ApiResponse | undefined> {
    const { method, path, query, body, idempotencyKey: key } = request;
    const line = `${method} ${path}`;
    const route = routeOf(method, path);
    if (!route)
      throw new ApiError(404, { type: 'invalid_request_error', message: `Unrecognized request URL (${line})` });
    const params = parseForm(method === 'GET' ? query : body);
    const earlier = key === undefined || method === 'GET' ? undefined : earlierResponse(this.ledger, key, line, body);
    const wanted = new ParamReader(params).list('expand');
    const expanded = ({ status, body: plain }: ApiResponse): ApiResponse => ({
      status,
      plain,
      body: expand(this.ledger, plain, wanted),
    });
    if (earlier) return expanded(earlier);
    const faults = this.faultsOf(route, params);
    if (faults.has('429') && this.faults.refuses(key ?? line)) return { status: 429, body: tooMany };
    if (faults.has('timeoutBefore')) return undefined;
    const keep = (response: ApiResponse): ApiResponse => {
      if (key !== undefined && method === 'POST') keepResponse(this.ledger, key, line, body, response);
      return response;
    };
    if (faults.has('500Before')) return keep({ status: 500, body: internalError });
    const books = this.books(faults, key ?? null);
    const response = this.ledger.transaction(() => {
      const made = route.run(books, new ParamReader(params));
      return keep(faults.has('500After') ? { status: 500, body: internalError } : made);
    });
    if (isEarly(this.ledger, faults, response)) await this.deliveries.flush(books.events);
    this.deliveries.run();
    if (faults.has('timeoutAfter')) return undefined;
    return expanded(response);
  }

  private faultsOf(route: Route, params: Params): ReadonlySet<Fault> {
    const { amount, amount_to_capture: part } = params;
    const given = Number(part ?? amount);
    const card = route.cardFaults(this.ledger, params);
    return this.faults.of(route.operation, card, Number.isNaN(given) ? undefined : given);
  }
}

/** Whether its webhooks come before its response: by its own faults, or those of the intent that it is about. */
function isEarly(ledger: Ledger, faults: ReadonlySet<Fault>, { body }: ApiResponse): boolean {
  const { payment_intent: parent, id } = body as { payment_intent?: string; id?: string };
  const about = parent ?? id;
  return (
    faults.has('webhookEarly') ||
    (typeof about === 'string' && ledger.internal(about).faults?.includes('webhookEarly') === true)
  );
}

const unauthorised = (): ApiError =>
  new ApiError(401, { type: 'invalid_request_error', message: 'Invalid API Key provided' });
