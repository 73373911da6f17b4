import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

/** Only what this server itself gives: a page that loads anything from elsewhere shows it at once. */
const POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'";

/**
 * The reference page of the API. Its package is one text of 5 MB, so it is loaded when somebody first looks; and because
 * a listening Fastify takes no more plugins, it lives in one of its own that never listens.
 */
@Injectable()
export class ReferencePage implements OnApplicationShutdown {
  private page: Promise<FastifyInstance> | undefined;

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const page = await (this.page ??= open());
    page.routing(request, response);
  }

  async onApplicationShutdown(): Promise<void> {
    await (await this.page)?.close();
  }
}

async function open(): Promise<FastifyInstance> {
  const [{ fastify }, { default: reference }] = await Promise.all([
    import('fastify'),
    import('@scalar/fastify-api-reference'),
  ]);
  const page = fastify({ logger: false });
  page.addHook('onSend', (_request, reply, payload, done) => {
    void reply.header('content-security-policy', POLICY);
    done(null, payload);
  });
  await page.register(reference, {
    routePrefix: '/docs',
    configuration: {
      url: '/openapi.json',
      title: 'Stoa',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      agent: { disabled: true },
      mcp: { disabled: true },
    },
  });
  await page.ready();
  return page;
}
