import { METHODS } from 'node:http';
import { trace } from '@stoa/service';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { contextOf, exchangeOf, type Exchange } from '../http/exchange.js';
import { problemResponse } from '../http/problem.js';
import type { ResponseSender } from '../http/response-sender.js';
import type { HttpResponse } from '../http/response.js';
import { frameworkProblem } from './framework-problems.js';
import type { RequestLog } from './request-log.js';

/** The handling of requests, and the objects that it passes them to. */
export interface CatchAll {
  /** @throws HttpProblem */
  readonly handle: (exchange: Exchange) => Promise<HttpResponse>;
  readonly log: RequestLog;
  readonly responses: ResponseSender;
}

/**
 * One Fastify route for all operations: which there are is learned while the clone runs, and Fastify takes no routes
 * once it listens. Bodies are left unread: what is read, and how, depends on the operation.
 */
export function catchAll({ handle, log, responses }: CatchAll) {
  const onRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const exchange = exchangeOf(request);
    log.watch(exchange, reply.raw);
    await trace.run(exchange.trace, async () => {
      let response: HttpResponse;
      try {
        response = await handle(exchange);
      } catch (error) {
        log.refused(exchange, error);
        response = problemResponse(error, exchange);
      }
      responses.send(reply, response, exchange);
    });
    return reply;
  };
  return async (scope: FastifyInstance): Promise<void> => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.setErrorHandler((error: Error, request, reply) =>
      responses.sendProblem(reply, frameworkProblem(error), contextOf(request)),
    );
    // Also those that no operation has: to refuse them is for the route table, as a problem like every other.
    for (const method of METHODS) if (!scope.supportedMethods.includes(method)) scope.addHttpMethod(method);
    scope.route({ method: scope.supportedMethods, url: '*', handler: onRequest });
  };
}
