import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { type KafkaPort, openKafka } from '@stoa/kafka';
import { newId, topicNames } from '@stoa/messaging';
import { createLogger } from '@stoa/service';
import {
  type Clone,
  eventually,
  startClone,
  testDatabase,
  testKafkaBrokers,
  testRedis,
  uniqueName,
} from '@stoa/testing';
import { Client } from 'pg';
import { ThingsHost } from './things-service.js';

/** Seals the signing keys of the clones. */
export const TOKEN_KEY_SECRET = 'a secret for the keys of these tests';

export interface GatewayResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body parsed; undefined when there is none. */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: Record<string, never> & { readonly [field: string]: unknown };
}

export interface RequestOptions {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** A clone of the gateway as a process of its own, and a client for it. */
export class GatewayClone {
  constructor(readonly clone: Pick<Clone, 'httpPort' | 'adminPort' | 'stop'> & Partial<Clone>) {}

  get url(): string {
    return `http://127.0.0.1:${this.clone.httpPort}`;
  }

  async request(route: string, { token, body, headers = {} }: RequestOptions = {}): Promise<GatewayResponse> {
    const [method = '', path = ''] = route.split(' ');
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text ? JSON.parse(text) : undefined,
    };
  }

  /** Sends bytes as they are. @returns the response as it came; its head has to ask for the end of the connection */
  raw(bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.clone.httpPort, '127.0.0.1', () => socket.write(bytes));
      let text = '';
      socket.on('data', (data) => (text += data.toString()));
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
  }

  async metric(name: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.clone.adminPort}/metrics`);
    const line = (await response.text())
      .split('\n')
      .find((text) => text.startsWith(`${name} `) || text.startsWith(`${name}{`));
    return Number(line?.split(' ').at(-1));
  }

  /** Resident memory in bytes. */
  memory(): Promise<number> {
    return this.metric('process_resident_memory_bytes');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function withKafka(work: (port: KafkaPort) => Promise<void>): Promise<void> {
  const logger = createLogger({ service: 'test', clone: 'test', level: 'fatal' });
  const port = await openKafka({ brokers: [testKafkaBrokers()], client: 'platformatic', clientId: 'test', logger });
  await work(port).finally(() => port.close());
}

type Environment = Record<string, string | undefined>;

/** A shop of its own for a test file: topic prefix, databases, the things service, and clones of the gateway. */
export class TestShop {
  private readonly clones: GatewayClone[] = [];

  private constructor(
    readonly prefix: string,
    readonly things: ThingsHost,
    readonly database: { url: string; drop(): Promise<void> },
    readonly redisUrl: string,
  ) {}

  static async open(): Promise<TestShop> {
    const prefix = `${uniqueName('shop')}.`;
    const [things, database, redis] = await Promise.all([
      ThingsHost.create(prefix),
      testDatabase({ migrations: 'apps/gateway/prisma/migrations' }),
      testRedis(),
    ]);
    return new TestShop(prefix, things, database, redis.url);
  }

  async gateway(env: Environment = {}): Promise<GatewayClone> {
    const clone = new GatewayClone(await startClone('gateway', { env: { ...this.environment(), ...env } }));
    this.clones.push(clone);
    return clone;
  }

  /** Starts a clone and waits until it listens only: servers that it needs may be unavailable. */
  async unreadyGateway(env: Environment): Promise<GatewayClone> {
    const [httpPort, adminPort] = [await freePort(), await freePort()];
    const fixed = { STOA_CLONE: uniqueName('gateway'), PORT: String(httpPort), ADMIN_PORT: String(adminPort) };
    const variables = { ...process.env, NODE_OPTIONS: undefined, ...fixed, ...this.environment(), ...env };
    const child = spawn(process.execPath, ['apps/gateway/dist/main.js'], { env: variables, stdio: 'ignore' });
    const exited = once(child, 'exit');
    const stop = async (): Promise<void> => {
      child.kill('SIGTERM');
      await exited;
    };
    const clone = new GatewayClone({ httpPort, adminPort, stop });
    this.clones.push(clone);
    await eventually(() => clone.request('GET /health/live'));
    return clone;
  }

  /** Signs in somebody new. */
  async signIn(gateway: GatewayClone, role: 'customer' | 'operator' = 'customer', token?: string) {
    const { email, password, customerId } = this.things.state.person(`${newId()}@example.com`, role);
    const { status, json, text } = await gateway.request('POST /v1/sessions', { body: { email, password }, token });
    if (status !== 201) throw new Error(`sign-in failed with ${status}: ${text}`);
    return {
      email,
      password,
      customerId,
      token: String(json['accessToken']),
      refreshToken: String(json['refreshToken']),
    };
  }

  /** Rows of the gateway's database. */
  async sql(text: string): Promise<object[]> {
    const client = new Client({ connectionString: this.database.url });
    await client.connect();
    try {
      return (await client.query(text)).rows as object[];
    } finally {
      await client.end();
    }
  }

  /** Publishes an event as the things service does. */
  async publish(type: string, key: string, data: object, version = 1): Promise<void> {
    const headers = { id: newId(), type, version: String(version), v: '1' };
    const record = { topic: topicNames(this.prefix, 'things').events, key, value: JSON.stringify(data), headers };
    await withKafka((port) => port.produce([record], 'all'));
  }

  async close(): Promise<void> {
    await Promise.all(this.clones.map(({ clone }) => clone.stop()));
    await Promise.all([this.things.drop(), this.database.drop()]);
    await withKafka(async ({ admin }) => {
      await admin.deleteTopics((await admin.listTopics()).filter((topic) => topic.startsWith(this.prefix)));
    });
  }

  private environment(): Environment {
    return {
      KAFKA_BROKERS: testKafkaBrokers(),
      KAFKA_TOPIC_PREFIX: this.prefix,
      GATEWAY_DATABASE_URL: this.database.url,
      REDIS_URL: this.redisUrl,
      CREDENTIALS_SERVICE: 'things',
      TOKEN_KEY_SECRET,
      DRAIN_DELAY_MS: '0',
    };
  }
}
