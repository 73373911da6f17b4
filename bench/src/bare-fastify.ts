/** The yardstick for the gateway's cache: Fastify that answers the same bytes and headers and does nothing else. */
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';

const [port = '0', bodyFile = ''] = process.argv.slice(2);
const body = readFileSync(bodyFile);
const app = Fastify();
app.get('/v1/products/:handle', (_request, reply) => {
  void reply.header('content-type', 'application/json; charset=utf-8').header('etag', '"1"').send(body);
});
await app.listen({ host: '127.0.0.1', port: Number(port) });
process.send?.({ port: (app.server.address() as { port: number }).port });
