import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@stoa/testing';
import { Client } from 'pg';
import { repoRoot } from '../state-dir/paths.js';
import { freePort } from '../machine/ports.js';
import { isAlive } from '../machine/os-processes.js';
import { serves } from './broker/probe.js';
import { startKafka } from './kafka.js';
import { startPostgres, type PostgresServer } from './postgres.js';
import { probeLocal } from '../machine/probe.js';
import { startRedis } from './redis.js';

const query = async (url: string, sql: string): Promise<unknown> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query<Record<string, unknown>>(sql);
    return result.rows?.[0];
  } finally {
    await client.end();
  }
};

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stoa-servers-'));
  chmodSync(dir, 0o711);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('startPostgres', () => {
  const started: PostgresServer[] = [];
  const start = async (options: Partial<Parameters<typeof startPostgres>[0]> = {}): Promise<PostgresServer> => {
    const server = await startPostgres({ dataDir: join(dir, 'postgres'), ...options });
    started.push(server);
    return server;
  };
  afterEach(() => Promise.all(started.splice(0).map((server) => server.kill())));

  it('keeps what was committed over a stop and over a kill, listens on 127.0.0.1 only and can replicate', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)');
    await first.stop();
    const second = await start();
    await query(second.url, 'INSERT INTO kept VALUES (2)');
    await second.kill();
    const third = await eventually(() => start());
    expect(await query(third.url, 'SELECT sum(n)::int FROM kept')).toEqual({ sum: 3 });
    const settings = `current_setting('listen_addresses') a, current_setting('wal_level') w, current_setting('fsync') f`;
    expect(await query(third.url, `SELECT ${settings}`)).toEqual({ a: '127.0.0.1', w: 'logical', f: 'on' });
    await expect(query(third.url.replace(':stoa@', ':wrong@'), 'SELECT 1')).rejects.toThrow('password');
  });

  it('works below a directory that its user can not enter', async () => {
    chmodSync(dir, 0o700);
    const server = await start({ durable: false });
    expect(await query(server.url, 'SELECT 1 AS one')).toEqual({ one: 1 });
    await server.stop();
    rmSync(realpathSync(join(dir, 'postgres')), { recursive: true });
  });

  it('says why it does not start, and leaves no process', async () => {
    const port = await freePort();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    await expect(start({ port })).rejects.toThrow(/Postgres ended while starting .*[Aa]ddress already in use/s);
    other.close();
  });

  it('starts although postmaster.pid names a living process that is something else', async () => {
    const first = await start({ durable: false });
    await first.stop();
    writeFileSync(join(dir, 'postgres/postmaster.pid'), `${process.pid}\n`);
    await expect(start({ durable: false })).resolves.toBeDefined();
  });
});

describe('startKafka', () => {
  const { PATH, JAVA_HOME } = process.env;
  afterEach(() => {
    process.env.PATH = PATH;
    if (JAVA_HOME !== undefined) process.env.JAVA_HOME = JAVA_HOME;
  });
  const fakeProgram = (name: string, script: string): void => {
    mkdirSync(join(dir, 'bin'), { recursive: true });
    writeFileSync(join(dir, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    process.env.PATH = join(dir, 'bin');
    delete process.env.JAVA_HOME;
  };
  const failing = (): Promise<unknown> => startKafka({ dataDir: join(dir, 'kafka') });

  it('comes back on the same port after it was killed, closed to strangers from now on, and stops in order', async () => {
    const first = await startKafka({ dataDir: join(dir, 'kafka') });
    await first.kill();
    const second = await startKafka({ dataDir: join(dir, 'kafka'), port: first.port, adminPassword: 'geheim' });
    await expect(serves(first.port)).rejects.toThrow('closed the connection');
    await expect(serves(first.port, 'falsch')).rejects.toThrow('closed the connection');
    await serves(first.port, 'geheim');
    expect(statSync(join(dir, 'kafka.properties')).mode & 0o077).toBe(0);
    expect(second.brokers).toBe(first.brokers);
    await second.stop();
    expect(isAlive(second.pid)).toBe(false);
  });

  it('says so when Java is missing', async () => {
    process.env.PATH = join(dir, 'empty');
    delete process.env.JAVA_HOME;
    await expect(failing()).rejects.toThrow(
      /^Java is not on PATH, and Kafka needs it: install a JDK .* or set KAFKA_BROKERS/,
    );
  });

  it('says so when Java is too old', async () => {
    fakeProgram('java', `echo 'openjdk version "11.0.2" 2019-01-15' >&2`);
    await expect(failing()).rejects.toThrow(/is Java 11, and Kafka needs 17/);
  });

  describe('with nothing downloaded yet', () => {
    const cache = process.env.STOA_CACHE_DIR;
    beforeEach(() => {
      process.env.STOA_CACHE_DIR = join(dir, 'cache');
      fakeProgram('java', `echo 'openjdk version "21.0.2"' >&2`);
    });
    afterEach(() => {
      if (cache === undefined) delete process.env.STOA_CACHE_DIR;
      else process.env.STOA_CACHE_DIR = cache;
    });

    it('says so when Maven is missing', async () => {
      await expect(failing()).rejects.toThrow(/^Maven \(mvn\) is not on PATH.*KAFKA_BROKERS/);
    });

    it('says what Maven said when it can not reach its registry', async () => {
      fakeProgram('mvn', `echo '[ERROR] Could not transfer artifact: Connection refused'; exit 1`);
      await expect(failing()).rejects.toThrow(
        /^Maven could not download kafka \(Could not transfer artifact: Connection refused\)/,
      );
    });
  });
});

describe('startRedis', () => {
  it('answers, and is gone after stop', async () => {
    const server = await startRedis({ dataDir: join(dir, 'redis'), port: await freePort() });
    const reply = await probeLocal(server.port, Buffer.from('CONFIG GET bind\r\n'), (bytes) =>
      bytes.includes('127.0.0.1'),
    );
    expect(reply.toString()).toContain('bind');
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });

  it('asks for the password that it was given, which is not among its arguments', async () => {
    const server = await startRedis({ dataDir: join(dir, 'redis'), password: 'geheim' });
    const ask = (text: string) => probeLocal(server.port, Buffer.from(text), (bytes) => bytes.includes('\n'));
    expect((await ask('PING\r\n')).toString()).toContain('NOAUTH');
    expect((await ask('AUTH geheim\r\n')).toString()).toContain('+OK');
    expect(server.url).toBe(`redis://:geheim@127.0.0.1:${server.port}`);
    expect(execFileSync('ps', ['-o', 'args=', '-p', String(server.pid)]).toString()).not.toContain('geheim');
    await server.stop();
  });
});

describe('a process that is killed', () => {
  it('takes its servers with it', async () => {
    const script = `
      const { startRedis } = await import(${JSON.stringify(join(repoRoot, 'infra/local/dist/index.js'))});
      const { pid } = await startRedis({ dataDir: ${JSON.stringify(join(dir, 'redis'))} });
      console.log(pid);
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) =>
      child.stdout.once('data', (line: Buffer) => resolve(Number(line))),
    );
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    await eventually(() => expect(isAlive(pid)).toBe(false));
  });
});
