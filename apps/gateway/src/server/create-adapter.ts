import { createServer, type RequestListener, type Server } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config.js';
import { contextOf } from '../http/exchange.js';
import { problem } from '../http/problem.js';
import type { ResponseSender } from '../http/response-sender.js';
import { frameworkProblem, refuseOnSocket } from './framework-problems.js';
import type { MemoryHits } from './memory-hits.js';

/**
 * Idle connections outlive the balancer's own time-out, so that it never sends a request into one that is being closed.
 */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_TIMEOUT_MS = 15_000;

/** `loopback` means both families' loopback networks. */
const networks = (proxies: readonly string[]): string[] =>
  proxies.flatMap((proxy) => (proxy === 'loopback' ? ['127.0.0.0/8', '::1/128'] : [proxy]));

const NO_HOST = problem('INVALID_INPUT', 'The header Host is missing: HTTP/1.1 demands it (RFC 9112, 3.2)');
const NO_TUNNEL = problem('METHOD_NOT_ALLOWED', 'CONNECT is not answered here', { headers: { allow: 'GET, HEAD' } });

/** A server on which Node answers nothing by itself: its own answers have neither a body nor the common headers. */
function serverOf(listener: RequestListener, responses: ResponseSender): Server {
  const onRequest: RequestListener = (request, response) => {
    if (request.headers.host === undefined && request.httpVersion === '1.1')
      responses.refuse(response, NO_HOST, request.url ?? '/');
    else listener(request, response);
  };
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_TIMEOUT_MS, requireHostHeader: false },
    onRequest,
  );
  // An expectation that is not known may be ignored (RFC 9110, 10.1.1).
  server.on('checkExpectation', onRequest);
  server.on('connect', (_request, socket) => responses.sendOnSocket(socket, NO_TUNNEL));
  // Uploads may take long; JSON bodies have a time-out of their own.
  server.requestTimeout = 0;
  return server;
}

/** Nest's adapter on a Fastify whose server serves memory hits first. */
export function createAdapter(
  config: Pick<GatewayConfig, 'TRUSTED_PROXIES'>,
  memoryHits: MemoryHits,
  responses: ResponseSender,
): FastifyAdapter {
  return new FastifyAdapter({
    serverFactory: (handler: RequestListener) =>
      serverOf((request, response) => {
        if (!memoryHits.serve(request, response)) handler(request, response);
      }, responses),
    trustProxy: networks(config.TRUSTED_PROXIES),
    routerOptions: { maxParamLength: 8_000 },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      responses.sendProblem(reply, frameworkProblem(error), contextOf(request)),
    clientErrorHandler: (error, socket) => refuseOnSocket(error, socket, responses),
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    genReqId: () => '',
    exposeHeadRoutes: false,
  });
}
