import type { Socket } from 'node:net';
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Logger } from '@stoa/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contextOf } from '../http/exchange.js';
import { HttpProblem, problem } from '../http/problem.js';
import type { ResponseSender } from '../http/response-sender.js';

interface FrameworkError {
  readonly code?: string;
  /** Fastify's. */
  readonly statusCode?: number;
  /** Nest's. */
  readonly status?: number;
  readonly message: string;
}

/**
 * The problem that Fastify or Nest means by an error of its own: a URL that can't be decoded, a media type that can't
 * be read, a target that no route takes (`OPTIONS *`).
 */
export function frameworkProblem(error: FrameworkError): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error.code === 'FST_ERR_BAD_URL')
    return problem('INVALID_INPUT', 'The path or query string is not percent-encoded UTF-8');
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return problem('UNSUPPORTED_MEDIA_TYPE', 'The Content-Type cannot be read: send application/json');
  const status = error.statusCode ?? error.status ?? 500;
  if (status === 404) return problem('NOT_FOUND', 'There is nothing here; /docs lists what there is');
  return status < 500
    ? problem('INVALID_INPUT', error.message)
    : problem('INTERNAL', 'Something went wrong here; the log has it');
}

const TOO_LARGE = problem('HEADERS_TOO_LARGE', 'The path, query string and headers are larger than 16 KiB together');
const TIMED_OUT = problem('REQUEST_TIMEOUT', 'The request did not come in full');
const NOT_HTTP = problem('INVALID_INPUT', 'This is not HTTP/1.1');

/** Refuses what Node could not read as a request. It has no reply object, only its socket. */
export function refuseOnSocket(error: Error & { code?: string }, socket: Socket, responses: ResponseSender): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const sent =
    error.code === 'HPE_HEADER_OVERFLOW' ? TOO_LARGE : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? TIMED_OUT : NOT_HTTP;
  responses.sendOnSocket(socket, sent);
}

/** Turns whatever a controller of a fixed path throws into a problem. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly responses: ResponseSender,
    private readonly logger: Logger,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const context = contextOf(host.switchToHttp().getRequest<FastifyRequest>());
    const meant = error instanceof Error ? frameworkProblem(error) : error;
    if (!(meant instanceof HttpProblem) || meant.status >= 500)
      this.logger.error({ err: error, path: context.target, traceId: context.trace.traceId }, 'fixed path failed');
    this.responses.sendProblem(reply, meant, context);
  }
}
