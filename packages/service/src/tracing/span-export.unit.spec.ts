import { jest } from '@jest/globals';
import { eventually, TraceCollector } from '@stoa/testing';
import { isInShare, SpanExport, type SpanExportOptions } from './span-export.js';
import type { Span } from './spans.js';
import { trace } from '../context/trace.js';

let collector: TraceCollector;
let warnings: object[];
let exporting: SpanExport;

const span = (more: Partial<Span> = {}): Span => ({
  context: trace.child(trace.start()),
  name: 'read cart',
  kind: 'client',
  attributes: {},
  start: 1,
  end: 2.5,
  ...more,
});
const start = (more: Partial<SpanExportOptions> = {}): SpanExport => {
  const logger = { warn: (fields: object) => warnings.push(fields) } as unknown as SpanExportOptions['logger'];
  const source = { service: 'cart', clone: 'cart-1' };
  exporting = new SpanExport({
    endpoint: `${collector.url}/`,
    headers: {},
    share: 1,
    source,
    logger,
    everyMs: 5,
    ...more,
  });
  return exporting;
};

beforeEach(async () => {
  collector = await TraceCollector.open();
  warnings = [];
});
afterEach(async () => {
  await exporting.close();
  await collector.close();
});

describe('SpanExport', () => {
  it('sends what OTLP asks for', async () => {
    const context = trace.child(trace.start());
    const attributes = { 'db.system.name': 'postgresql', 'http.response.status_code': 500 };
    start({ headers: { authorization: 'Bearer secret' } }).take(span({ context, attributes, error: 'gone' }));
    await eventually(() => expect(collector.spans).toHaveLength(1));
    const [sent] = collector.spans;
    expect(sent).toEqual({
      traceId: context.traceId,
      spanId: context.spanId,
      parentSpanId: context.parentSpanId,
      name: 'read cart',
      kind: 3,
      startTimeUnixNano: expect.stringMatching(/^\d{19}$/),
      endTimeUnixNano: expect.stringMatching(/^\d{19}$/),
      attributes: [
        { key: 'db.system.name', value: { stringValue: 'postgresql' } },
        { key: 'http.response.status_code', value: { intValue: '500' } },
      ],
      status: { code: 2, message: 'gone' },
    });
    expect(BigInt(sent!.endTimeUnixNano) - BigInt(sent!.startTimeUnixNano)).toBe(1_500_000n);
    expect(Math.abs(Number(BigInt(sent!.startTimeUnixNano) / 1_000_000n) - performance.timeOrigin)).toBeLessThan(5);
    expect(collector.headers[0]).toMatchObject({ authorization: 'Bearer secret', 'content-type': 'application/json' });
    expect(collector.sources[0]).toContainEqual({ key: 'service.instance.id', value: { stringValue: 'cart-1' } });
  });

  it('keeps what the collector cannot take now, and says so once', async () => {
    collector.status = 503;
    start().take(span({ name: 'first' }));
    exporting.take(span({ name: 'second' }));
    await eventually(() => expect(collector.asked).toBeGreaterThan(3));
    collector.status = 200;
    await eventually(() => expect(collector.spans.map(({ name }) => name)).toEqual(['first', 'second']));
    expect(warnings).toHaveLength(1);
  });

  it('gives up what the collector refuses', async () => {
    collector.status = 400;
    start().take(span({ name: 'refused' }));
    await eventually(() => expect(warnings).toMatchObject([{ status: 400 }]));
    collector.status = 200;
    exporting.take(span({ name: 'taken' }));
    await eventually(() => expect(collector.spans.map(({ name }) => name)).toEqual(['taken']));
  });

  it('drops the oldest beyond its bound, and sends the rest in batches when it ends', async () => {
    start({ everyMs: 60_000, endpoint: 'http://127.0.0.1:1' });
    // The first full batch finds that nobody listens; from then on they only gather.
    for (let n = 0; n < 600; n++) exporting.take(span());
    await eventually(() => expect(warnings).toHaveLength(1));
    for (let n = 0; n < 10_000; n++) exporting.take(span());
    expect((exporting as unknown as { queue: Span[] }).queue).toHaveLength(4_096);
    await exporting.close();

    start({ everyMs: 60_000 });
    for (let n = 0; n < 1_300; n++) exporting.take(span({ name: String(n) }));
    const clock = jest.spyOn(performance, 'now').mockReturnValue(1); // the second that the end may take does not pass
    await exporting.close();
    clock.mockRestore();
    expect(collector.spans.map(({ name }) => Number(name))).toEqual(Array.from({ length: 1_300 }, (_, n) => n));
    expect(Math.max(...collector.batches.map((batch) => batch.length))).toBeLessThanOrEqual(512);
  });

  it('takes its share of traces, the same in every service', () => {
    const ids = Array.from({ length: 4_000 }, () => trace.start().traceId);
    expect(ids.every((id) => isInShare(id, 1))).toBe(true);
    expect(ids.some((id) => isInShare(id, 0))).toBe(false);
    const quarter = ids.filter((id) => isInShare(id, 0.25));
    expect(quarter.length).toBeGreaterThan(800);
    expect(quarter.length).toBeLessThan(1_200);
    expect(quarter.every((id) => isInShare(id, 0.5))).toBe(true);
  });
});
