import type { IncomingMessage } from 'node:http';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { problem } from '../http/problem.js';
import type { HttpResponse } from '../http/response.js';

/** Only resources of this server: a page that loads any from elsewhere fails visibly. */
const POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'";

/** Headers of a connection, which the page's Fastify does not have. */
const OF_CONNECTION = new Set(['connection', 'date', 'keep-alive', 'transfer-encoding']);

/**
 * ReferencePage is the page at /docs. Its package is one text of 5 MB, so it is loaded at the first request; and
 * because a listening Fastify takes no more plugins, it has a Fastify of its own that never listens.
 */
@Injectable()
export class ReferencePage implements OnApplicationShutdown {
  private page: Promise<FastifyInstance> | undefined;

  /** The response to a request for a path below /docs. @throws HttpProblem 404 */
  async respond({ url = '/', headers }: IncomingMessage): Promise<HttpResponse> {
    const page = await (this.page ??= open());
    const { statusCode, headers: own, rawPayload } = await page.inject({ method: 'GET', url, headers });
    if (statusCode === 404) throw problem('NOT_FOUND', 'The reference has no such part: it is at /docs/');
    const kept = Object.entries(own).filter(([name]) => !OF_CONNECTION.has(name));
    return {
      status: statusCode,
      headers: {
        ...Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
        'content-security-policy': POLICY,
      },
      body: rawPayload,
    };
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
      // Its buttons (Configure, Share, Deploy, Generate SDK) lead to the library's own services.
      showDeveloperTools: 'never',
      authentication: { preferredSecurityScheme: 'bearer' },
    },
  });
  await page.ready();
  return page;
}
