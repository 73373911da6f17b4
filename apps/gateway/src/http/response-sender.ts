import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { trace } from '@stoa/service';
import type { FastifyReply } from 'fastify';
import type { GatewayConfig } from '../config.js';
import type { ResponseContext } from './exchange.js';
import { problemResponse, type HttpProblem } from './problem.js';
import type { Headers, HttpResponse } from './response.js';

/** The rest of a refused body may take this many milliseconds, before the connection is cut. */
const REST_OF_BODY_MS = 5_000;

/** The name of this clone, and whether responses say who served them. */
export type ServerNames = Pick<GatewayConfig, 'STOA_CLONE' | 'STOA_SERVED_BY'>;

/** A response whose headers were prepared once, to be sent many times. */
export interface PreparedResponse {
  readonly status: number;
  /** Of `prepareHeaders`. */
  readonly headers: readonly string[];
  readonly body: Buffer | undefined;
}

/**
 * Headers by which a browser does nothing with a response but what the shop means it for (OWASP REST security). No
 * response is a page, but for the reference, which has a policy of its own.
 */
const SECURITY = [
  ...['x-content-type-options', 'nosniff'],
  ...['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ...['referrer-policy', 'no-referrer'],
  ...['cross-origin-resource-policy', 'same-origin'],
];

/**
 * A response's own headers, names and values in turn as Node writes them fastest, without those that are to be hidden.
 */
export function prepareHeaders(headers: Headers, { STOA_SERVED_BY }: Pick<ServerNames, 'STOA_SERVED_BY'>): string[] {
  return Object.entries(headers)
    .filter(([name]) => STOA_SERVED_BY || name !== 'stoa-served-by')
    .flat();
}

/**
 * A client that is still sending a refused body must get to read the response: the rest is read and discarded, for a
 * while. If the connection were cut at once, the client's system would drop the response.
 */
function discardRestOfBody(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || request.destroyed) return;
  request.resume();
  const timer = setTimeout(() => request.destroy(), REST_OF_BODY_MS);
  request.once('close', () => clearTimeout(timer));
  response.once('close', () => clearTimeout(timer));
}

/**
 * ResponseSender exists so that every response has the same headers. Each leaves by one of its three methods, by what
 * there is to write to: a Fastify reply, Node's response (memory hits), or only a socket (no request could be read). A
 * header for all responses belongs into `constant`, or into `withCommon` where it differs from response to response.
 */
export class ResponseSender {
  private readonly constant: readonly string[];
  private draining = false;

  constructor(private readonly names: ServerNames) {
    this.constant = names.STOA_SERVED_BY ? [...SECURITY, 'stoa-gateway', names.STOA_CLONE] : SECURITY;
  }

  /** From now on responses demand that clients close their connections. */
  drain(): void {
    this.draining = true;
  }

  /** Sends a response by Fastify. */
  send(reply: FastifyReply, { status, headers, body }: HttpResponse, context: ResponseContext): void {
    void reply.code(status);
    const common = this.withCommon(context.trace.traceId, []);
    for (let i = 0; i < common.length; i += 2) void reply.header(common[i]!, common[i + 1]);
    // Behind the common ones: the reference page has its own policy.
    for (const name in headers)
      if (this.names.STOA_SERVED_BY || name !== 'stoa-served-by') void reply.header(name, headers[name]);
    // Fastify adds a charset to the media type of strings; JSON has none.
    void reply.send(typeof body === 'string' ? Buffer.from(body) : body);
    discardRestOfBody(context.request, reply.raw);
  }

  /** Sends the problem that an error is to callers. */
  sendProblem(reply: FastifyReply, error: unknown, context: ResponseContext): void {
    this.send(reply, problemResponse(error, context), context);
  }

  /** Sends a prepared response without Fastify. */
  sendPrepared(response: ServerResponse, traceId: string, { status, headers, body }: PreparedResponse): void {
    response.writeHead(status, this.withCommon(traceId, headers));
    response.end(body);
  }

  /** Sends a problem without Fastify, and closes the connection. */
  refuse(response: ServerResponse, problem: HttpProblem, target: string): void {
    const context = { target, trace: trace.start() };
    const { status, headers, body } = problemResponse(problem, context);
    const own = prepareHeaders({ ...headers, connection: 'close' }, this.names);
    this.sendPrepared(response, context.trace.traceId, { status, headers: own, body: Buffer.from(String(body)) });
  }

  /** Sends a problem on the socket of something that is no request, and closes it. */
  sendOnSocket(socket: Duplex, problem: HttpProblem): void {
    const context = { target: '/', trace: trace.start() };
    const { status, headers, body } = problemResponse(problem, context);
    const lines = this.withCommon(context.trace.traceId, prepareHeaders(headers, this.names), true);
    const head = lines.reduce((text, part, i) => text + part + (i % 2 === 0 ? ': ' : '\r\n'), '');
    socket.end(
      `HTTP/1.1 ${status} ${problem.code}\r\n${head}content-length: ${Buffer.byteLength(String(body))}\r\n\r\n${String(body)}`,
    );
  }

  /** The headers of every response, with a response's own behind them: names and values in turn. */
  private withCommon(traceId: string, own: readonly string[], closes = this.draining): string[] {
    const headers = ['trace-id', traceId, ...this.constant, ...own];
    if (closes) headers.push('connection', 'close');
    return headers;
  }
}
