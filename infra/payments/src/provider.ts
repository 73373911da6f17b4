import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Faults } from './faults/menu.js';
import { expireDue } from './expire.js';
import { admin } from './http/admin.js';
import { Api } from './http/api.js';
import { ApiError, invalid } from './http/errors.js';
import { purgeResponses } from './http/idempotency.js';
import { readBody } from './http/read-body.js';
import { openDatabase } from './ledger/database.js';
import { Ledger } from './ledger/ledger.js';
import { NOTICE } from './pages/html.js';
import { pageOf } from './pages/pages.js';
import type { Settings } from './settings.js';
import { Deliveries } from './webhooks/deliveries.js';

const EXPIRE_EVERY_MS = 250;
const PURGE_EVERY_MS = 3_600_000;
/** After that a client that got no response finds its connection closed. */
const SILENCE_MS = 120_000;

/** A request to the API and its response, for tests that compare both with Stripe's description. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly status: number;
  readonly response: object;
}

/** The provider: one process, one file, one port. */
export class Provider {
  private readonly ledger: Ledger;
  private readonly faults = new Faults();
  private readonly deliveries: Deliveries;
  private readonly api: Api;
  private readonly server: Server;
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly settings: Settings,
    private readonly observe: (exchange: Exchange) => void = () => undefined,
  ) {
    this.ledger = new Ledger(openDatabase(settings.folder));
    this.deliveries = new Deliveries(this.ledger, settings.webhook);
    this.api = new Api(settings, this.ledger, this.faults, this.deliveries);
    this.server = createServer((request, response) => void this.handle(request, response));
  }

  /** @returns the port that it listens on */
  async start(): Promise<number> {
    this.server.listen(this.settings.port, this.settings.host);
    await once(this.server, 'listening');
    this.timers.push(
      setInterval(() => this.expire(), EXPIRE_EVERY_MS),
      setInterval(() => purgeResponses(this.ledger), PURGE_EVERY_MS),
    );
    this.deliveries.run();
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.deliveries.stop();
    for (const timer of this.timers) clearInterval(timer);
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
    this.ledger.close();
  }

  private expire(): void {
    this.ledger.transaction(() => expireDue(this.api.books()));
    this.deliveries.run();
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.respond(request, response);
    } catch (error) {
      if (!(error instanceof ApiError)) process.stderr.write(`${(error as Error).stack}\n`);
      if (response.headersSent) return void response.destroy();
      const known = error instanceof ApiError ? error : undefined;
      json(response, known?.status ?? 500, known?.body ?? { error: { type: 'api_error', message: 'A bug' } });
    }
  }

  private async respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', headers } = request;
    const url = URL.parse(request.url ?? '/', 'http://provider');
    if (!url) throw invalid('This is no path');
    const { pathname: path, search } = url;
    const body = await readBody(request);
    if (path === '/health') return json(response, 200, { status: 'ok', notice: NOTICE });
    if (path.startsWith('/_local/')) {
      if (!this.api.isAuthentic(headers.authorization)) return json(response, 401, {});
      const { status, body: reply } = admin(this.ledger, this.faults, `${method} ${path}`, body);
      return json(response, status, reply);
    }
    if (!path.startsWith('/v1/')) return this.page(response, method, path, body);
    const { authorization, 'idempotency-key': key } = headers;
    const idempotencyKey = typeof key === 'string' ? key : undefined;
    const made = await this.api.respond({ method, path, query: search.slice(1), body, authorization, idempotencyKey });
    if (made) {
      const { status, body: reply, plain = reply } = made;
      this.observe({ method, path, query: search.slice(1), body, status, response: plain });
      return json(response, status, reply);
    }
    setTimeout(() => response.destroy(), SILENCE_MS).unref();
  }

  private page(response: ServerResponse, method: string, path: string, body: string): void {
    const books = this.api.books();
    const made = this.ledger.transaction(() => pageOf(books, method, path, body));
    this.deliveries.run();
    const security = {
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    };
    if (!made) return json(response, 404, { error: { type: 'invalid_request_error', message: 'Unrecognized URL' } });
    if ('location' in made) return void response.writeHead(303, { location: made.location, ...security }).end();
    response.writeHead(made.status, { 'content-type': 'text/html; charset=utf-8', ...security }).end(made.html);
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' })
    .end(JSON.stringify(body));
}
