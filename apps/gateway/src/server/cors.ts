import type { FastifyInstance } from 'fastify';
import { contextOf } from '../http/exchange.js';
import type { ResponseSender } from '../http/response-sender.js';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const REQUEST_HEADERS = 'authorization, content-type, idempotency-key, if-match, if-none-match, traceparent';
const EXPOSED = [
  'etag, location, age, cache-status, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset',
  'stoa-guest-token, stoa-gateway, stoa-served-by, trace-id',
].join(', ');
const PREFLIGHT_HEADERS = {
  'access-control-allow-methods': METHODS,
  'access-control-allow-headers': REQUEST_HEADERS,
  'access-control-max-age': '600',
};

/** Lets pages of these origins call the shop; `*` for all. Tokens travel in a header, so cookies are never allowed. */
export function allowOrigins(fastify: FastifyInstance, origins: readonly string[], responses: ResponseSender): void {
  const all = origins.includes('*');
  fastify.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    if (origin === undefined || !(all || origins.includes(origin))) return done();
    void reply.header('access-control-allow-origin', all ? '*' : origin).header('vary', 'Origin');
    void reply.header('access-control-expose-headers', EXPOSED);
    const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (!isPreflight) return done();
    responses.send(reply, { status: 204, headers: PREFLIGHT_HEADERS, body: undefined }, contextOf(request));
  });
}
