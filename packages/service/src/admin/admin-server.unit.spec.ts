import { type AdminServer, startAdminServer } from './admin-server.js';
import { metrics } from '../metrics/metrics.js';
import { Readiness } from './readiness.js';

describe('startAdminServer', () => {
  let server: AdminServer;
  const readiness = new Readiness();
  const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);

  beforeAll(async () => {
    readiness.expect('kafka', 'joining');
    server = await startAdminServer({ host: '127.0.0.1', port: 0, readiness });
  });
  afterAll(() => server.close());

  it('is live before it is ready', async () => {
    expect((await ask('/health/live')).status).toBe(200);
    const response = await ask('/health/ready');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: 'not ready', missing: [{ name: 'kafka', why: 'joining' }] });
  });

  it('is ready when nothing is missing', async () => {
    readiness.set('kafka', true);
    expect((await ask('/health/ready')).status).toBe(200);
  });

  it('shows metrics in the format of Prometheus', async () => {
    metrics
      .counter({ name: 'stoa_test_total', help: 'of this test', labelNames: ['outcome'] })
      .inc({ outcome: 'ok' }, 2);
    metrics.histogram({ name: 'stoa_test_seconds', help: 'of this test' }).observe(0.003);
    const response = await ask('/metrics');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    const text = await response.text();
    expect(text).toContain('stoa_test_total{outcome="ok"} 2');
    expect(text).toContain('stoa_test_seconds_bucket{le="0.005"} 1');
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_p99_seconds',
    ]) {
      expect(text).toMatch(new RegExp(`^${name} [0-9.e-]+$`, 'm'));
    }
  });

  it('gives the same metric for the same name', () => {
    const options = { name: 'stoa_once_total', help: 'once' };
    expect(metrics.counter(options)).toBe(metrics.counter(options));
  });

  it('serves nothing else', async () => {
    expect((await ask('/')).status).toBe(404);
    expect((await ask('/health/live', { method: 'POST' })).status).toBe(405);
  });

  it('says so when its port is taken', async () => {
    const second = startAdminServer({ host: '127.0.0.1', port: server.port, readiness });
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
