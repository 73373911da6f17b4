import { METHODS } from 'node:http';
import { trace } from '@stoa/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config.js';
import type { Answer } from '../requests/operation-response.js';
import type { Exchange } from '../http/exchange.js';
import { sendFrameworkProblem } from './create-adapter.js';
import { problemAnswer, sendAnswer } from '../http/response-sender.js';
import type { RequestLog } from './request-log.js';

export interface CatchAll {
  /** @throws HttpProblem */
  readonly handle: (exchange: Exchange) => Promise<Answer>;
  readonly log: RequestLog;
  readonly config: Pick<GatewayConfig, 'STOA_CLONE' | 'STOA_SERVED_BY'>;
  readonly isDraining: () => boolean;
}

const exchangeOf = (request: FastifyRequest): Exchange => ({
  request: request.raw,
  method: request.method,
  target: request.raw.url ?? '/',
  address: request.ip,
  trace: trace.child(trace.parse(String(request.headers['traceparent'] ?? ''))),
  arrival: performance.now(),
  operation: undefined,
  bodyBytes: 0,
});

/**
 * One Fastify route for all operations: which there are is learned while the clone runs, and Fastify takes no routes once
 * it listens. Bodies are left unread: what is read, and how, depends on the operation.
 */
export function catchAll({ handle, log, config, isDraining }: CatchAll) {
  const onRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const exchange = exchangeOf(request);
    log.watch(exchange, reply.raw);
    await trace.run(exchange.trace, async () => {
      let answer: Answer;
      try {
        answer = await handle(exchange);
      } catch (error) {
        log.refused(exchange, error);
        answer = problemAnswer(error, exchange);
      }
      if (isDraining()) void reply.header('connection', 'close');
      sendAnswer(reply, answer, exchange, config);
    });
    return reply;
  };
  return async (scope: FastifyInstance): Promise<void> => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.setErrorHandler((error: Error, request, reply) => sendFrameworkProblem(error, request, reply, config));
    // Also those that nothing here answers: to refuse them is for the route table, as a problem like every other.
    for (const method of METHODS) if (!scope.supportedMethods.includes(method)) scope.addHttpMethod(method);
    scope.route({ method: scope.supportedMethods, url: '*', handler: onRequest });
  };
}
