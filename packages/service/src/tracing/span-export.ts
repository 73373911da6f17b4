import type { Logger } from '../logs/logger.js';
import { metrics } from '../metrics/metrics.js';
import { otlpBody, type SpanSource } from './otlp.js';
import type { Span } from './spans.js';

export interface SpanExportOptions {
  /** The collector's base URL; spans go to /v1/traces below it. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The share of traces that are exported, 0 to 1. */
  readonly share: number;
  readonly source: SpanSource;
  readonly logger: Logger;
  /** Milliseconds between two requests, unless a batch is full before; 2,000 if not given. */
  readonly everyMs?: number;
}

const BATCH = 512;
const MOST_QUEUED = 4_096;
const REQUEST_TIMEOUT_MS = 5_000;
const CLOSING_MS = 1_000;

const counted = metrics.counter<'outcome'>({
  name: 'stoa_spans_total',
  help: 'Spans of traces by what became of them: sent, or dropped',
  labelNames: ['outcome'],
});

/** The trace id decides, so that all services keep and drop the same traces. */
export const isInShare = (traceId: string, share: number): boolean =>
  share >= 1 || Number.parseInt(traceId.slice(-8), 16) / 2 ** 32 < share;

/**
 * Sends spans to a collector in batches (OTLP over HTTP, as JSON), one request at a time. Spans that the collector
 * can't take now are sent later. Beyond the queue's bound the oldest are dropped and counted: traces must never cost a
 * service its memory.
 */
export class SpanExport {
  private readonly url: string;
  private queue: Span[] = [];
  private sending: Promise<void> | undefined;
  private isUnavailable = false;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: SpanExportOptions) {
    this.url = `${options.endpoint.replace(/\/+$/, '')}/v1/traces`;
    this.timer = setInterval(() => this.flush(), options.everyMs ?? 2_000);
    this.timer.unref();
  }

  /** Queues a span, if its trace is in the share. Never waits. */
  take(span: Span): void {
    if (!isInShare(span.context.traceId, this.options.share)) return;
    this.queue.push(span);
    this.bound();
    if (this.queue.length >= BATCH && !this.isUnavailable) this.flush();
  }

  /** Sends the queued spans, as far as the collector takes them within a second. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    const deadline = performance.now() + CLOSING_MS;
    do {
      this.flush();
      await this.sending;
    } while (this.queue.length > 0 && !this.isUnavailable && performance.now() < deadline);
  }

  private flush(): void {
    if (this.sending || this.queue.length === 0) return;
    this.sending = this.send(this.queue.splice(0, BATCH)).finally(() => {
      this.sending = undefined;
    });
  }

  private async send(batch: readonly Span[]): Promise<void> {
    try {
      const { ok, status } = await this.post(otlpBody(this.options.source, batch));
      if (!ok && (status === 429 || status >= 500)) return this.later(batch, `it responds ${status}`);
      if (!ok) this.options.logger.warn({ url: this.url, status }, 'the collector of traces refused spans');
      counted.inc({ outcome: ok ? 'sent' : 'dropped' }, batch.length);
      this.isUnavailable = false;
    } catch (error) {
      this.later(batch, error);
    }
  }

  private async post(body: string): Promise<Response> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { ...this.options.headers, 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    // Read to its end, so that the connection can be used again.
    await response.arrayBuffer();
    return response;
  }

  private later(batch: readonly Span[], reason: unknown): void {
    this.queue = [...batch, ...this.queue];
    this.bound();
    // Logged once, not with every attempt.
    if (!this.isUnavailable)
      this.options.logger.warn({ url: this.url, err: reason }, 'the collector of traces is unavailable');
    this.isUnavailable = true;
  }

  private bound(): void {
    const tooMany = this.queue.length - MOST_QUEUED;
    if (tooMany <= 0) return;
    this.queue.splice(0, tooMany);
    counted.inc({ outcome: 'dropped' }, tooMany);
  }
}
