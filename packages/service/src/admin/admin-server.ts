import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { metrics } from '../metrics/metrics.js';
import type { Readiness } from './readiness.js';

export interface AdminServer {
  /** The port it listens on (what 0 became). */
  readonly port: number;
  close(): Promise<void>;
}

export interface AdminRequest {
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
}

export interface AdminResponse {
  readonly status: number;
  readonly body: object;
}

/** Serves further paths; undefined for a path that it doesn't know. It checks access itself. */
export type AdminRoutes = (request: AdminRequest) => Promise<AdminResponse | undefined>;

export interface AdminServerOptions {
  readonly host: string;
  readonly port: number;
  readonly readiness: Readiness;
  /** Tried one after the other until one responds. */
  readonly routes?: readonly AdminRoutes[];
}

function send(response: ServerResponse, status: number, body: string, contentType: string): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body);
}

const json = (response: ServerResponse, status: number, body: object): void =>
  send(response, status, `${JSON.stringify(body)}\n`, 'application/json');

type Sources = Pick<AdminServerOptions, 'readiness' | 'routes'>;

async function respond(request: IncomingMessage, response: ServerResponse, sources: Sources): Promise<void> {
  const { readiness, routes } = sources;
  const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://admin');
  const { authorization } = request.headers;
  for (const route of routes ?? []) {
    const other = await route({ method: request.method ?? '', path, query, authorization });
    if (other) return json(response, other.status, other.body);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return json(response, 405, { status: 'only GET is answered here' });
  }
  switch (path) {
    case '/health/live':
      return json(response, 200, { status: 'live' });
    case '/health/ready': {
      const missing = readiness.missing();
      return json(response, missing.length === 0 ? 200 : 503, {
        status: missing.length === 0 ? 'ready' : 'not ready',
        missing,
      });
    }
    case '/metrics':
      return send(response, 200, await metrics.text(), metrics.contentType);
    default:
      return json(response, 404, { status: 'unknown: ask /health/live, /health/ready or /metrics' });
  }
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/**
 * Serves plain HTTP for operators and monitors: /health/live, /health/ready (503 names the conditions that fail),
 * /metrics, and `routes`.
 * @throws Error (EADDRINUSE, …) when it can't listen.
 */
export async function startAdminServer({ host, port, ...sources }: AdminServerOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    respond(request, response, sources).catch((error: unknown) => {
      if (!response.headersSent) json(response, 500, { status: String(error) });
    });
  });
  const listening = await listen(server, host, port);
  return {
    port: listening,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
