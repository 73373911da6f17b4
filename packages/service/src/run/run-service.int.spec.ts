import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type IncomingReply, messagingMigrations, type MessagingOptions, newId, StoaClient } from '@stoa/messaging';
import { type KafkaPort, openKafka } from '@stoa/kafka';
import {
  eventually,
  testDatabase,
  type TestDatabase,
  testKafkaBrokers,
  TraceCollector,
  uniqueName,
} from '@stoa/testing';
import { Client } from 'pg';

const fixture = join(import.meta.dirname, '../../test/fixture.mjs');
const prefix = `${uniqueName('kit')}.`;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

let database: TestDatabase;
let port: KafkaPort;
let client: StoaClient;
const running: Clone[] = [];

/** The fixture as a process. */
class Clone {
  readonly exited: Promise<number | null>;
  private text = '';
  constructor(private readonly process: ChildProcess) {
    for (const stream of [process.stdout, process.stderr]) stream?.on('data', (chunk) => (this.text += String(chunk)));
    this.exited = once(process, 'close').then(([code]) => code as number | null);
  }
  static start(env: Record<string, string>): Clone {
    const { NODE_OPTIONS: _jest, ...own } = process.env;
    const clone = new Clone(spawn(process.execPath, [fixture], { env: { ...own, ...env } }));
    running.push(clone);
    return clone;
  }
  get output(): string {
    return this.text;
  }
  get lines(): Record<string, unknown>[] {
    const complete = this.text.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
    return complete.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
  /** Of the line with that message. */
  async line(msg: string): Promise<Record<string, unknown>> {
    return eventually(() => {
      const line = this.lines.find((each) => each['msg'] === msg);
      if (!line) throw new Error(`no line "${msg}" in: ${this.text}`);
      return line;
    });
  }
  async ask(path: string): Promise<Response> {
    const { adminPort } = await this.line('starting');
    return fetch(`http://127.0.0.1:${String(adminPort)}${path}`);
  }
  signal(name: NodeJS.Signals): void {
    this.process.kill(name);
  }
}

const environment = (clone: string): Record<string, string> => ({
  STOA_CLONE: clone,
  KAFKA_BROKERS: testKafkaBrokers(),
  KAFKA_TOPIC_PREFIX: prefix,
  FIXTURE_DATABASE_URL: database.url,
});

const request = (
  operation: string,
  kind: 'command' | 'query',
  input: object,
  budgetMs = 20_000,
): Promise<IncomingReply> => {
  const id = newId();
  return client.request({
    service: 'fixture',
    operation,
    kind,
    key: kind === 'command' ? id : null,
    body: JSON.stringify(input),
    id,
    caller: { kind: 'guest', customerId: newId() },
    budgetMs,
    contractVersion: 1,
    traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
  });
};

beforeAll(async () => {
  database = await testDatabase({ migrations: messagingMigrations });
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const options: MessagingOptions = {
    brokers: [testKafkaBrokers()],
    client: 'platformatic',
    topicPrefix: prefix,
    service: 'tester',
    clone: 'tester-1',
    replicationFactor: 1,
    partitions: 2,
    logger: quiet,
  };
  port = await openKafka({ brokers: options.brokers, client: options.client, clientId: 'tester-1', logger: quiet });
  client = new StoaClient(port, options);
  await client.connect();
});

afterAll(async () => {
  for (const clone of running) clone.signal('SIGKILL');
  await Promise.all(running.map(({ exited }) => exited));
  await client.close();
  const topics = await port.admin.listTopics();
  await port.admin.deleteTopics(topics.filter((topic) => topic.startsWith(prefix)));
  await port.close();
  await database.drop();
});

it('serves, then finishes what it has and leaves with 0 at a signal', async () => {
  const clone = Clone.start(environment('fixture-1'));
  const ready = await clone.line('ready');
  expect(ready).toMatchObject({ service: 'fixture', clone: 'fixture-1', level: 'info', adminPort: expect.any(Number) });
  expect((await clone.ask('/health/ready')).status).toBe(200);

  const { body, servedBy } = await request('put', 'command', { waitMs: 0 });
  expect({ body: JSON.parse(body.toString()) as unknown, servedBy }).toEqual({
    body: { waited: 0 },
    servedBy: 'fixture-1',
  });
  const metrics = await (await clone.ask('/metrics')).text();
  expect(metrics).toMatch(/stoa_request_handle_seconds_count\{operation="put",outcome="ok"\} 1/);
  expect(metrics).toMatch(/stoa_postgres_connections\{server="fixture",state="open"\} \d/);

  const inWork = request('put', 'command', { waitMs: 3_000 });
  const sql = new Client({ connectionString: database.url });
  await sql.connect();
  await eventually(async () => {
    const { rowCount } = await sql.query(
      `SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`,
    );
    expect(rowCount).toBe(1);
  });
  await sql.end();
  clone.signal('SIGTERM');
  await clone.line('leaving');
  const response = await clone.ask('/health/ready');
  expect(response.status).toBe(503);
  // On a busy machine a check of the database may be late as well.
  const { missing } = (await response.json()) as { missing: unknown[] };
  expect(missing[0]).toMatchObject({ name: 'draining' });
  expect(JSON.parse((await inWork).body.toString())).toEqual({ waited: 3_000 });
  expect(await clone.exited).toBe(0); // it would be 1 if that took more than 10 s
});

it('logs an error that nobody catches, with the trace of its request, and exits 1', async () => {
  const clone = Clone.start(environment('fixture-2'));
  await clone.line('ready');
  const lost = request('crash', 'query', {}, 6_000).catch(() => undefined);
  expect(await clone.exited).toBe(1);
  expect(clone.lines.at(-1)).toMatchObject({
    level: 'fatal',
    msg: 'uncaught',
    traceId: TRACE,
    err: { message: 'nobody catches this' },
  });
  await lost;
});

it('sends the steps of a trace to a collector, the last ones as it leaves', async () => {
  const collector = await TraceCollector.open();
  const clone = Clone.start({ ...environment('fixture-6'), OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  await clone.line('ready');
  await request('put', 'command', { waitMs: 0 });
  clone.signal('SIGTERM');
  expect(await clone.exited).toBe(0);
  const spans = collector.spans.filter(({ traceId }) => traceId === TRACE);
  const handled = spans.find(({ name }) => name === 'process put');
  expect(handled).toMatchObject({ kind: 5, parentSpanId: '00f067aa0ba902b7' });
  expect(handled).not.toHaveProperty('status');
  const transaction = spans.find(({ name }) => name === 'transaction fixture');
  expect(transaction).toMatchObject({ kind: 3, parentSpanId: handled?.spanId });
  await collector.close();
});

it('is live but not ready while its database cannot be reached, and says so', async () => {
  const clone = Clone.start({
    ...environment('fixture-3'),
    FIXTURE_DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/none',
  });
  await eventually(async () => {
    const response = await clone.ask('/health/ready');
    expect(response.status).toBe(503);
    const { missing } = (await response.json()) as { missing: { name: string; why: string }[] };
    expect(missing.find(({ name }) => name === 'database')?.why).toMatch(/ECONNREFUSED/);
  });
  expect((await clone.ask('/health/live')).status).toBe(200);
  clone.signal('SIGTERM');
  expect(await clone.exited).toBe(0);
  expect(clone.output).not.toContain('hunter2');
});

it('reports everything that is wrong with its configuration at once, and exits 1', async () => {
  const clone = Clone.start({
    STOA_CLONE: 'Not A Name',
    ADMIN_PORT: '99999',
    KAFKA_BROKERS: testKafkaBrokers(),
    FIXTURE_DATABASE_URL: 'mysql://u:hunter2@h/d',
  });
  expect(await clone.exited).toBe(1);
  expect(clone.output.trim().split('\n')).toEqual([
    'The configuration is wrong:',
    expect.stringMatching(/^ {2}STOA_CLONE: .*lower case letters.*it is "Not A Name"/),
    expect.stringMatching(/^ {2}ADMIN_PORT: /),
    expect.stringMatching(/^ {2}FIXTURE_DATABASE_URL: not a Postgres URL; its value is not shown here/),
  ]);
});

it('exits 1 when its port is taken', async () => {
  const first = Clone.start(environment('fixture-4'));
  const { adminPort } = await first.line('ready');
  const second = Clone.start({ ...environment('fixture-5'), ADMIN_PORT: String(adminPort) });
  expect(await second.exited).toBe(1);
  expect(second.lines.at(-1)).toMatchObject({ level: 'fatal', msg: 'the start failed', err: { code: 'EADDRINUSE' } });
  first.signal('SIGINT');
  expect(await first.exited).toBe(0);
});
