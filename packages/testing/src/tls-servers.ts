import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startKafka, startPostgres, startRedis, type Running } from '@stoa/local';
import { Client } from 'pg';
import { eventually } from './eventually.js';

/** A certificate and its key, as files in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate for 127.0.0.1 that is its own authority. */
export function makeCertificate(file: string): Certificate {
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1', '-nodes'];
  const made = { cert: `${file}.crt`, key: `${file}.key` };
  const files = ['-keyout', made.key, '-out', made.cert];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...subject, ...files], { stdio: 'pipe' });
  return made;
}

/** Kafka, Redis and Postgres of one test's own that speak TLS on these ports, with one certificate. */
export class TlsServers {
  readonly dir = mkdtempSync(join(tmpdir(), 'stoa-tls-'));
  readonly certificate = makeCertificate(join(this.dir, 'ours'));
  readonly ports = { kafka: 0, redis: 0, postgres: 0 };
  private readonly running: Running[] = [];

  /** @param password of `admin` at Kafka (SASL PLAIN), of Redis, and of Postgres's superuser */
  constructor(private readonly password: string) {
    chmodSync(this.dir, 0o711);
  }

  async start(): Promise<void> {
    await Promise.all([this.kafka(), this.redis(), this.postgres()]);
  }

  async end(): Promise<void> {
    await Promise.all(this.running.map((server) => server.kill()));
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** @param ca whose certificates are trusted */
  databaseUrl(name: string, ca = this.certificate.cert): string {
    return `postgres://postgres:${this.password}@127.0.0.1:${this.ports.postgres}/${name}?sslmode=verify-full&sslrootcert=${ca}`;
  }

  /** Runs SQL as the superuser, in clear. */
  async superuser<Row extends object>(text: string): Promise<Row[]> {
    const connectionString = `postgres://postgres:${this.password}@127.0.0.1:${this.ports.postgres}/postgres`;
    const client = new Client({ connectionString });
    await client.connect();
    return (await client.query<Row>(text).finally(() => client.end())).rows;
  }

  private async kafka(): Promise<void> {
    const port = await freePort();
    const store = join(this.dir, 'kafka.pem');
    writeFileSync(store, readFileSync(this.certificate.key, 'utf8') + readFileSync(this.certificate.cert, 'utf8'), {
      mode: 0o600,
    });
    const settings = {
      'listener.security.protocol.map': 'CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT,PROXIED:SASL_SSL',
      'listener.name.proxied.ssl.keystore.type': 'PEM',
      'listener.name.proxied.ssl.keystore.location': store,
    };
    const proxied = { port, advertised: port };
    this.running.push(
      await startKafka({ dataDir: join(this.dir, 'kafka'), proxied, adminPassword: this.password, settings }),
    );
    this.ports.kafka = port;
  }

  private async redis(): Promise<void> {
    const port = await freePort();
    const files = {
      'tls-cert-file': this.certificate.cert,
      'tls-key-file': this.certificate.key,
      'tls-ca-cert-file': this.certificate.cert,
    };
    const settings = { 'tls-port': String(port), 'tls-auth-clients': 'no', ...files };
    this.running.push(await startRedis({ dataDir: join(this.dir, 'redis'), password: this.password, settings }));
    this.ports.redis = port;
  }

  /** Its user, who is not root, is the only one that may read the key. */
  private async postgres(): Promise<void> {
    const server = await startPostgres({
      dataDir: join(this.dir, 'postgres'),
      password: this.password,
      durable: false,
    });
    this.running.push(server);
    this.ports.postgres = server.port;
    const [{ data_directory: data } = { data_directory: '' }] = await this.superuser<{ data_directory: string }>(
      'SHOW data_directory',
    );
    const { uid, gid } = statSync(data);
    for (const name of ['cert', 'key'] as const) {
      const file = join(data, `tls.${name}`);
      writeFileSync(file, readFileSync(this.certificate[name]), { mode: 0o600 });
      chownSync(file, uid, gid);
      await this.superuser(`ALTER SYSTEM SET ssl_${name}_file = 'tls.${name}'`);
    }
    await this.superuser('ALTER SYSTEM SET ssl = on');
    await this.superuser('SELECT pg_reload_conf()');
    await eventually(async () => {
      const [row] = await this.superuser<{ ssl: string }>('SHOW ssl');
      if (row?.ssl !== 'on') throw new Error('Postgres speaks no TLS yet');
    });
  }
}
