import type { FastifyInstance } from 'fastify';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const REQUEST_HEADERS = 'authorization, content-type, idempotency-key, if-match, if-none-match, traceparent';
const EXPOSED =
  'etag, location, age, cache-status, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, stoa-guest-token, stoa-gateway, stoa-served-by, trace-id';
const PREFLIGHT_SECONDS = '600';

/** Lets pages of these origins call the shop; `*` for all. Tokens travel in a header, so cookies are never allowed. */
export function allowOrigins(fastify: FastifyInstance, origins: readonly string[]): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return done();
    void reply.header('access-control-allow-origin', origins.includes('*') ? '*' : origin).header('vary', 'Origin');
    void reply.header('access-control-expose-headers', EXPOSED);
    const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (!isPreflight) return done();
    void reply.header('access-control-allow-methods', METHODS).header('access-control-allow-headers', REQUEST_HEADERS);
    void reply.header('access-control-max-age', PREFLIGHT_SECONDS).code(204).send();
  });
}
