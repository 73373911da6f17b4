import type { IncomingMessage, ServerResponse } from 'node:http';
import { isTransient } from '@stoa/postgres';
import type { FastifyReply } from 'fastify';
import type { GatewayConfig } from '../config.js';
import type { Answer } from '../requests/operation-response.js';
import type { Exchange } from './exchange.js';
import { pathOf } from './exchange.js';
import { HttpProblem, problem, problemBody, problemHeaders } from './problem.js';

/** Milliseconds that the rest of a refused body may take, before the connection is cut. */
const REST_MS = 5_000;

/** A fault of ours as callers are told of it: what it was is for the log. */
const faultOf = (error: unknown): HttpProblem =>
  isTransient(error)
    ? problem('UNAVAILABLE', 'What this needs cannot be reached; try again')
    : new HttpProblem(500, 'INTERNAL', 'Something went wrong here; the log has it under the trace id');

/** The answer that tells of a refusal, or of a fault. */
export function problemAnswer(error: unknown, { target, trace }: Pick<Exchange, 'target' | 'trace'>): Answer {
  const refusal = error instanceof HttpProblem ? error : faultOf(error);
  const body = problemBody(refusal, { instance: pathOf(target), traceId: trace.traceId });
  return { status: refusal.status, headers: problemHeaders(refusal), body };
}

/**
 * A client that is still sending what was refused must get to read why: the rest is read and thrown away, for a while.
 * Cutting the connection at once would make its system drop the answer.
 */
function takeTheRest(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || request.destroyed) return;
  request.resume();
  const timer = setTimeout(() => request.destroy(), REST_MS);
  request.once('close', () => clearTimeout(timer));
  response.once('close', () => clearTimeout(timer));
}

/** Who we are, and whether answers say so. */
export type Servers = Pick<GatewayConfig, 'STOA_CLONE' | 'STOA_SERVED_BY'>;

/** Sends an answer, with the headers that every answer has. */
export function sendAnswer(
  reply: FastifyReply,
  answer: Answer,
  exchange: Pick<Exchange, 'request' | 'trace'>,
  servers: Servers,
): void {
  const { 'stoa-served-by': servedBy, ...headers } = answer.headers;
  void reply.code(answer.status).headers(headers);
  void reply.header('trace-id', exchange.trace.traceId).header('x-content-type-options', 'nosniff');
  if (servers.STOA_SERVED_BY) {
    void reply.header('stoa-gateway', servers.STOA_CLONE);
    if (servedBy) void reply.header('stoa-served-by', servedBy);
  }
  // Fastify adds a charset to the media type of strings; JSON has none.
  void reply.send(typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body);
  takeTheRest(exchange.request, reply.raw);
}
