import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { openKafka, type KafkaAccess } from '@stoa/kafka';
import { freePort, repoRoot, startKafka, startPostgres, startRedis, type Running } from '@stoa/local';
import { eventually, startClone, uniqueName, type Clone } from '@stoa/testing';
import { Client } from 'pg';

const PASSWORD = 'a password of these tests';
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A certificate for 127.0.0.1 that is its own authority, with its key. */
function makeCertificate(file: string): { readonly cert: string; readonly key: string } {
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1', '-nodes'];
  const made = { cert: `${file}.crt`, key: `${file}.key` };
  const files = ['-keyout', made.key, '-out', made.cert];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...subject, ...files], { stdio: 'pipe' });
  return made;
}

describe('Kafka, Postgres and Redis that speak TLS', () => {
  let dir: string;
  let ours: { cert: string; key: string };
  const running: (Running | Clone)[] = [];
  const ports = { kafka: 0, redis: 0, postgres: 0 };

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'stoa-tls-'));
    chmodSync(dir, 0o711);
    ours = makeCertificate(join(dir, 'ours'));
    await Promise.all([kafka(), redis(), postgres()]);
  });
  afterAll(async () => {
    for (const each of running.toReversed()) await each.kill();
    rmSync(dir, { recursive: true, force: true });
  });

  async function kafka(): Promise<void> {
    const port = await freePort();
    const store = join(dir, 'kafka.pem');
    writeFileSync(store, readFileSync(ours.key, 'utf8') + readFileSync(ours.cert, 'utf8'), { mode: 0o600 });
    const settings = {
      'listener.security.protocol.map': 'CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT,PROXIED:SASL_SSL',
      'listener.name.proxied.ssl.keystore.type': 'PEM',
      'listener.name.proxied.ssl.keystore.location': store,
    };
    const proxied = { port, advertised: port };
    running.push(await startKafka({ dataDir: join(dir, 'kafka'), proxied, adminPassword: PASSWORD, settings }));
    ports.kafka = port;
  }

  async function redis(): Promise<void> {
    const port = await freePort();
    const files = { 'tls-cert-file': ours.cert, 'tls-key-file': ours.key, 'tls-ca-cert-file': ours.cert };
    const settings = { 'tls-port': String(port), 'tls-auth-clients': 'no', ...files };
    running.push(await startRedis({ dataDir: join(dir, 'redis'), password: 'secret', settings }));
    ports.redis = port;
  }

  const superuser = async <Row extends object>(text: string): Promise<Row[]> => {
    const client = new Client({ connectionString: `postgres://postgres:stoa@127.0.0.1:${ports.postgres}/postgres` });
    await client.connect();
    return (await client.query<Row>(text).finally(() => client.end())).rows;
  };

  /** Its user, who is not root, is the only one that may read the key. */
  async function postgres(): Promise<void> {
    const server = await startPostgres({ dataDir: join(dir, 'postgres'), durable: false });
    running.push(server);
    ports.postgres = server.port;
    const [{ data_directory: data } = { data_directory: '' }] = await superuser<{ data_directory: string }>(
      'SHOW data_directory',
    );
    const { uid, gid } = statSync(data);
    for (const name of ['cert', 'key'] as const) {
      const file = join(data, `tls.${name}`);
      writeFileSync(file, readFileSync(ours[name]), { mode: 0o600 });
      chownSync(file, uid, gid);
      await superuser(`ALTER SYSTEM SET ssl_${name}_file = 'tls.${name}'`);
    }
    await superuser('ALTER SYSTEM SET ssl = on');
    await superuser('SELECT pg_reload_conf()');
    await eventually(async () => expect(await superuser('SHOW ssl')).toEqual([{ ssl: 'on' }]));
  }

  const tlsOf = (ca: string, password = PASSWORD): KafkaAccess => ({
    sasl: { mechanism: 'plain', username: 'admin', password },
    tls: { ca: readFileSync(ca, 'utf8') },
  });
  const topicsBy = async (access: KafkaAccess): Promise<string[]> => {
    const brokers = [`127.0.0.1:${ports.kafka}`];
    const port = await openKafka({ brokers, client: 'platformatic', clientId: 'tls', access, logger: silent });
    return port.admin.listTopics().finally(() => port.close());
  };

  const databaseUrl = (name: string, ca: string): string =>
    `postgres://postgres:stoa@127.0.0.1:${ports.postgres}/${name}?sslmode=verify-full&sslrootcert=${ca}`;

  /** A clone of an app, with a database of its own, that knows nothing of the servers but what its variables say. */
  async function start(app: string, prefix: string): Promise<Clone> {
    await superuser(`CREATE DATABASE ${app}`);
    const env = {
      [`${app.toUpperCase()}_DATABASE_URL`]: databaseUrl(app, ours.cert),
      KAFKA_BROKERS: `127.0.0.1:${ports.kafka}`,
      KAFKA_TOPIC_PREFIX: prefix,
      KAFKA_TLS: 'on',
      KAFKA_TLS_CA: ours.cert,
      KAFKA_USERNAME: 'admin',
      KAFKA_PASSWORD: PASSWORD,
      KAFKA_SASL_MECHANISM: 'plain',
      REDIS_URL: `rediss://:secret@127.0.0.1:${ports.redis}`,
      NODE_EXTRA_CA_CERTS: ours.cert,
      TOKEN_KEY_SECRET: 'a secret for the keys of these tests',
      SEALING_SECRET: 'a secret for what is sealed in these tests',
    };
    execFileSync(join(repoRoot, 'node_modules/.bin/node'), [join(repoRoot, 'apps', app, 'dist/migrate.js')], {
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    });
    const clone = await startClone(app, { env });
    running.push(clone);
    return clone;
  }

  it('are reached by settings alone, and nothing passes in clear', async () => {
    const prefix = `${uniqueName('tls')}.`;
    await start('catalog', prefix);
    const gateway = await start('gateway', prefix);
    const response = await fetch(`http://127.0.0.1:${gateway.httpPort}/v1/categories`);
    expect([response.status, await response.json()]).toEqual([200, { items: [] }]);
    await eventually(() => expect(gateway.logs()).toContain('Redis is available'));
    const sessions = `
      SELECT DISTINCT a.datname, s.ssl FROM pg_stat_activity AS a JOIN pg_stat_ssl AS s USING (pid)
      WHERE a.datname IN ('catalog', 'gateway') ORDER BY 1`;
    expect(await superuser(sessions)).toEqual([
      { datname: 'catalog', ssl: true },
      { datname: 'gateway', ssl: true },
    ]);
    // The broker names no other listener to whoever comes by this one.
    expect(await topicsBy(tlsOf(ours.cert))).toContain(`${prefix}catalog.queries`);
  });

  it('are refused with a certificate of another authority, and refuse a wrong password', async () => {
    const foreign = makeCertificate(join(dir, 'foreign'));
    const refused = async (access: KafkaAccess): Promise<string> =>
      inspect(await topicsBy(access).catch((error: unknown) => error), { depth: 10 });
    expect(await refused(tlsOf(foreign.cert))).toMatch(/self-signed certificate/i);
    expect(await refused(tlsOf(ours.cert, 'wrong'))).toMatch(/SASL|authentication/i);
    const database = databaseUrl('postgres', foreign.cert);
    await expect(new Client({ connectionString: database }).connect()).rejects.toThrow('self-signed certificate');
  });
});
