import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { openKafka, type KafkaAccess } from '@stoa/kafka';
import { eventually, makeCertificate, startClone, TlsServers, uniqueName, type Clone } from '@stoa/testing';
import { Client } from 'pg';

const PASSWORD = 'only-for-these-tests';
const root = join(import.meta.dirname, '../../../..');
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

describe('Kafka, Postgres and Redis that speak TLS', () => {
  const servers = new TlsServers(PASSWORD);
  const { ports, certificate: ours } = servers;
  const clones: Clone[] = [];

  beforeAll(() => servers.start());
  afterAll(async () => {
    for (const clone of clones.toReversed()) await clone.kill();
    await servers.end();
  });

  const tlsOf = (ca: string, password = PASSWORD): KafkaAccess => ({
    sasl: { mechanism: 'plain', username: 'admin', password },
    tls: { ca: readFileSync(ca, 'utf8') },
  });
  const topicsBy = async (access: KafkaAccess): Promise<string[]> => {
    const brokers = [`127.0.0.1:${ports.kafka}`];
    const port = await openKafka({ brokers, client: 'platformatic', clientId: 'tls', access, logger: silent });
    return port.admin.listTopics().finally(() => port.close());
  };

  /** A clone of an app, with a database of its own, that knows nothing of the servers but what its variables say. */
  async function start(app: string, prefix: string): Promise<Clone> {
    await servers.superuser(`CREATE DATABASE ${app}`);
    const env = {
      [`${app.toUpperCase()}_DATABASE_URL`]: servers.databaseUrl(app),
      KAFKA_BROKERS: `127.0.0.1:${ports.kafka}`,
      KAFKA_TOPIC_PREFIX: prefix,
      KAFKA_TLS: 'on',
      KAFKA_TLS_CA: ours.cert,
      KAFKA_USERNAME: 'admin',
      KAFKA_PASSWORD: PASSWORD,
      KAFKA_SASL_MECHANISM: 'plain',
      REDIS_URL: `rediss://:${PASSWORD}@127.0.0.1:${ports.redis}`,
      NODE_EXTRA_CA_CERTS: ours.cert,
      TOKEN_KEY_SECRET: 'a secret for the keys of these tests',
      SEALING_SECRET: 'a secret for what is sealed in these tests',
    };
    execFileSync(join(root, 'node_modules/.bin/node'), [join(root, 'apps', app, 'dist/migrate.js')], {
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    });
    const clone = await startClone(app, { env });
    clones.push(clone);
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
    expect(await servers.superuser(sessions)).toEqual([
      { datname: 'catalog', ssl: true },
      { datname: 'gateway', ssl: true },
    ]);
    // The broker names no other listener to whoever comes by this one.
    expect(await topicsBy(tlsOf(ours.cert))).toContain(`${prefix}catalog.queries`);
  });

  it('are refused with a certificate of another authority, and refuse a wrong password', async () => {
    const foreign = makeCertificate(join(servers.dir, 'foreign'));
    const refused = async (access: KafkaAccess): Promise<string> =>
      inspect(await topicsBy(access).catch((error: unknown) => error), { depth: 10 });
    expect(await refused(tlsOf(foreign.cert))).toMatch(/self-signed certificate/i);
    expect(await refused(tlsOf(ours.cert, 'wrong'))).toMatch(/SASL|authentication/i);
    const database = servers.databaseUrl('postgres', foreign.cert);
    await expect(new Client({ connectionString: database }).connect()).rejects.toThrow('self-signed certificate');
  });
});
