import { createServer, type RequestListener } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config.js';
import { contextOf } from '../http/exchange.js';
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

/** Nest's adapter on a Fastify whose server serves memory hits first. */
export function createAdapter(
  config: Pick<GatewayConfig, 'TRUSTED_PROXIES'>,
  memoryHits: MemoryHits,
  responses: ResponseSender,
): FastifyAdapter {
  return new FastifyAdapter({
    serverFactory: (handler: RequestListener) => {
      const server = createServer(
        { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_TIMEOUT_MS },
        (request, response) => {
          if (!memoryHits.serve(request, response)) handler(request, response);
        },
      );
      // Uploads may take long; JSON bodies have a time-out of their own.
      server.requestTimeout = 0;
      return server;
    },
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
