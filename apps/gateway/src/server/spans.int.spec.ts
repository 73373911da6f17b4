import { eventually, TraceCollector, type CollectedSpan } from '@stoa/testing';
import { TestShop } from '../../test/gateways.js';
import type { ThingsService } from '../../test/things-service.js';

const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const traceparent = `00-${CALLER.traceId}-${CALLER.spanId}-01`;

describe('spans', () => {
  let shop: TestShop;
  let service: ThingsService;
  let collector: TraceCollector;

  beforeAll(async () => {
    collector = await TraceCollector.open();
    shop = await TestShop.open();
    service = await shop.things.start();
  });
  afterAll(async () => {
    await service?.stop();
    await shop?.close();
    await collector.close();
  });

  const named = (name: string): CollectedSpan => {
    const found = collector.spans.find((span) => span.name === name && span.traceId === CALLER.traceId);
    if (!found) throw new Error(`no span ${name} among ${collector.spans.map((span) => span.name).join(', ')}`);
    return found;
  };

  it('show a request, and its call of a service, as parts of their caller’s trace', async () => {
    const gateway = await shop.gateway({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await gateway.request('POST /v1/notes', { body: { text: 'a' }, headers: { traceparent } });
    await gateway.request('GET /v1/none?token=hunter2', { headers: { traceparent } });
    await eventually(() => named('GET none'));
    const request = await eventually(() => named('POST things.addNote'));
    expect(request).toMatchObject({ kind: 2, parentSpanId: CALLER.spanId });
    expect(request.attributes).toContainEqual({ key: 'http.response.status_code', value: { intValue: '201' } });
    expect(await eventually(() => named('ask things.addNote'))).toMatchObject({
      kind: 3,
      parentSpanId: request.spanId,
    });
    expect(JSON.stringify(collector.spans)).not.toContain('hunter2');
  });
});
