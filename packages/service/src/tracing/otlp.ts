import type { Span, SpanAttributes, SpanKind } from './spans.js';

/** The process that made the spans. */
export interface SpanSource {
  readonly service: string;
  readonly clone: string;
}

const KINDS: Readonly<Record<SpanKind, number>> = { server: 2, client: 3, consumer: 5 };
const STATUS_ERROR = 2;

// JSON has no 64-bit integers: OTLP writes them as text.
const nanoseconds = (at: number): string => `${Math.round((performance.timeOrigin + at) * 1_000)}000`;

const attributesOf = (attributes: SpanAttributes): object[] =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
  }));

function spanOf({ context, name, kind, start, end, attributes, error }: Span): object {
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    ...(context.parentSpanId !== undefined && { parentSpanId: context.parentSpanId }),
    name,
    kind: KINDS[kind],
    startTimeUnixNano: nanoseconds(start),
    endTimeUnixNano: nanoseconds(end),
    attributes: attributesOf(attributes),
    ...(error !== undefined && { status: { code: STATUS_ERROR, message: error } }),
  };
}

/** The body of an ExportTraceServiceRequest in OTLP's JSON. */
export function otlpBody({ service, clone }: SpanSource, batch: readonly Span[]): string {
  const resource = attributesOf({
    'service.name': service,
    'service.namespace': 'stoa',
    'service.instance.id': clone,
  });
  const scopeSpans = [{ scope: { name: 'stoa' }, spans: batch.map(spanOf) }];
  return JSON.stringify({ resourceSpans: [{ resource: { attributes: resource }, scopeSpans }] });
}
