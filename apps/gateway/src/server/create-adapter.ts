import { createServer, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { trace } from '@stoa/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config.js';
import type { FastLane } from './memory-hits.js';
import { HttpProblem, problem, problemBody } from '../http/problem.js';
import { problemAnswer, sendAnswer, type Servers } from '../http/response-sender.js';

/** Idle connections outlive the balancer's own time-out, so that it never sends a request into one that we close. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_TIMEOUT_MS = 15_000;

/** What Fastify itself refuses before any route is found: a URL that can't be decoded, a media type that can't be read. */
function frameworkProblem(error: { code?: string; statusCode?: number; message: string }): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error.code === 'FST_ERR_BAD_URL')
    return problem('INVALID_INPUT', 'The path or query string is not percent-encoded UTF-8');
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return problem('UNSUPPORTED_MEDIA_TYPE', 'The Content-Type cannot be read: send application/json');
  const status = error.statusCode ?? 500;
  return status < 500
    ? problem('INVALID_INPUT', error.message)
    : problem('INTERNAL', 'Something went wrong here; the log has it');
}

/** Answers a problem for a request that never got to the gateway's own handling. */
export function sendFrameworkProblem(
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
  servers: Servers,
): void {
  const context = trace.child(trace.parse(String(request.headers['traceparent'] ?? '')));
  const answer = problemAnswer(frameworkProblem(error), { target: request.raw.url ?? '/', trace: context });
  sendAnswer(reply, answer, { request: request.raw, trace: context }, servers);
}

const TOO_LARGE = problem('HEADERS_TOO_LARGE', 'The path, query string and headers are larger than 16 KiB together');
const TIMED_OUT = problem('REQUEST_TIMEOUT', 'The request did not come in full');
const NOT_HTTP = problem('INVALID_INPUT', 'This is not HTTP/1.1');

/** What could not be read as a request has no reply object: it is answered on the socket. */
function onClientError(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const refusal =
    error.code === 'HPE_HEADER_OVERFLOW' ? TOO_LARGE : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? TIMED_OUT : NOT_HTTP;
  const body = problemBody(refusal, { instance: '/', traceId: trace.start().traceId });
  socket.end(
    `HTTP/1.1 ${refusal.status} ${refusal.code}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** `loopback` stands for both families' loopback networks. */
const networks = (proxies: readonly string[]): string[] =>
  proxies.flatMap((proxy) => (proxy === 'loopback' ? ['127.0.0.0/8', '::1/128'] : [proxy]));

/** Nest's adapter on a Fastify whose server lets the fast lane answer first. */
export function createAdapter(
  config: Pick<GatewayConfig, 'TRUSTED_PROXIES'> & Servers,
  lane: FastLane,
): FastifyAdapter {
  return new FastifyAdapter({
    serverFactory: (handler: RequestListener) => {
      const server = createServer(
        { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_TIMEOUT_MS },
        (request, response) => {
          if (!lane.serve(request, response)) handler(request, response);
        },
      );
      // Uploads may take long; JSON bodies have a time-out of their own.
      server.requestTimeout = 0;
      return server;
    },
    trustProxy: networks(config.TRUSTED_PROXIES),
    routerOptions: { maxParamLength: 8_000 },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      sendFrameworkProblem(error, request, reply, config),
    clientErrorHandler: onClientError,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    genReqId: () => '',
    exposeHeadRoutes: false,
  });
}
