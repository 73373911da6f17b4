import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { key: string; value: { stringValue?: string; intValue?: string } }[];
  readonly status?: { code: number; message: string };
}

interface Exported {
  resourceSpans: {
    resource: { attributes: CollectedSpan['attributes'] };
    scopeSpans: { spans: CollectedSpan[] }[];
  }[];
}

/** A collector of traces for tests: takes what is posted to /v1/traces, and responds with the status that is set. */
export class TraceCollector {
  readonly batches: CollectedSpan[][] = [];
  readonly headers: NodeJS.Dict<string | string[]>[] = [];
  readonly sources: CollectedSpan['attributes'][] = [];
  status = 200;
  asked = 0;

  private constructor(private readonly server: Server) {}

  static async open(): Promise<TraceCollector> {
    const server = createServer();
    const collector = new TraceCollector(server);
    server.on('request', async (request, response) => {
      collector.asked++;
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const status = request.url === '/v1/traces' ? collector.status : 404;
      if (status === 200) collector.take(JSON.parse(body) as Exported, request.headers);
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  private take({ resourceSpans }: Exported, headers: NodeJS.Dict<string | string[]>): void {
    this.headers.push(headers);
    for (const { resource, scopeSpans } of resourceSpans) {
      this.sources.push(resource.attributes);
      this.batches.push(scopeSpans.flatMap(({ spans }) => spans));
    }
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get spans(): CollectedSpan[] {
    return this.batches.flat();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
