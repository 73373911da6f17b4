import type { CommonConfig } from '../config/variables.js';
import type { Logger } from '../logs/logger.js';
import { spans } from './spans.js';

/**
 * Exports spans where the environment names a collector.
 * @returns a function that sends the last ones, for when the process leaves
 */
export async function exportSpans(service: string, config: CommonConfig, logger: Logger): Promise<() => Promise<void>> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers } = config;
  if (endpoint === undefined) return async () => undefined;
  // Loaded only where somebody collects traces.
  const { SpanExport } = await import('./span-export.js');
  const source = { service, clone: config.STOA_CLONE };
  const spanExport = new SpanExport({ endpoint, headers, share: config.OTEL_TRACES_SAMPLER_ARG, source, logger });
  spans.into((span) => spanExport.take(span));
  return async () => {
    spans.into(undefined);
    await spanExport.close();
  };
}
