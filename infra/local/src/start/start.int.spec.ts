import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, testEnvironment } from '@stoa/testing';
import { Client } from 'pg';
import { fakeStack, type FakeStack } from '../../test/fake-stack.js';
import { cacheDir } from '../state-dir/paths.js';
import { identityOf, isAlive } from '../machine/os-processes.js';
import type { State } from '../state-dir/state.js';

// Kafka and Redis of the other tests replace the embedded ones where these do not matter: a start then takes a second.
const { STOA_TEST_KAFKA_BROKERS: KAFKA_BROKERS, STOA_TEST_REDIS_URL: REDIS_URL } = testEnvironment();
const SHARED = { KAFKA_BROKERS, REDIS_URL };

let stack: FakeStack;
beforeEach(async () => {
  stack = await fakeStack();
});
afterEach(() => stack.remove());

const pidsOf = (state: State): number[] => state.processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
const pidOf = (state: State, name: string): number => state.processes.find((each) => each.name === name)?.pid ?? 0;
const environmentOf = async (state: State, name: string): Promise<Record<string, string>> => {
  const clone = state.processes.find((each) => each.name === name);
  return (await fetch(`http://127.0.0.1:${clone?.adminPort}/env`)).json() as Promise<Record<string, string>>;
};
const gone = (pids: number[]): void => expect(pids.filter((pid) => isAlive(pid))).toEqual([]);

describe('npm start', () => {
  it('brings up real servers and clones behind one port, keeps the data, and leaves nothing running after Ctrl-C', async () => {
    const first = await stack.up();
    const state = await stack.state();
    const names = state.processes.map(({ name }) => name).toSorted();
    expect(names).toEqual(['cart-1', 'gateway-1', 'gateway-2', 'haproxy', 'kafka', 'postgres-main', 'redis']);
    expect(await (await fetch(`http://127.0.0.1:${stack.port}/`)).text()).toMatch(/^gateway-[12]$/);
    const cart = await environmentOf(state, 'cart-1');
    expect(cart).toMatchObject({ STOA_CLONE: 'cart-1', HOST: '127.0.0.1', NODE_ENV: 'production', LOG_LEVEL: 'info' });
    expect(cart.CART_DATABASE_URL).toMatch(/^postgres:\/\/cart:[^@]+@127\.0\.0\.1:\d+\/cart$/);
    expect([cart.GATEWAY_DATABASE_URL, cart.PORT]).toEqual([undefined, undefined]);
    const [, password] = /operator@stoa\.local {2}(\S+)/.exec(first.output()) ?? [];
    expect(cart.STOA_OPERATOR_PASSWORD).toBe(password);
    expect((await environmentOf(state, 'gateway-1')).STOA_OPERATOR_PASSWORD).toBeUndefined();
    expect(cart.ADMIN_TOKEN).toMatch(/^[\w-]{43}$/);
    expect(cart.TOKEN_KEY_SECRET).toBeUndefined();
    const gateway = await environmentOf(state, 'gateway-1');
    expect(gateway.ADMIN_TOKEN).toBeUndefined();
    expect(gateway.TOKEN_KEY_SECRET).toMatch(/^[\w-]{43}$/);
    for (const secret of ['operator.json', 'admin.json', 'token-key.json', 'run/gateway.json'])
      expect(statSync(join(stack.dir, 'state', secret)).mode & 0o777).toBe(0o600);

    const status = JSON.parse((await stack.run(['status', '--json'])).stdout) as { processes: { pssBytes: number }[] };
    expect(status.processes).toHaveLength(names.length + 1);
    expect(Math.min(...status.processes.map(({ pssBytes }) => pssBytes))).toBeGreaterThan(1_000_000);

    first.child.kill('SIGINT');
    expect(await first.ended).toBe(0);
    gone(pidsOf(state));

    const second = await stack.up();
    expect(second.output()).not.toContain('operator@');
    expect((await environmentOf(await stack.state(), 'cart-1')).STOA_OPERATOR_PASSWORD).toBe(password);
  });

  it('starts a clone and a server again that end by themselves, and says so', async () => {
    const { output } = await stack.up([], SHARED);
    const before = await stack.state();
    for (const name of ['gateway-1', 'postgres-main']) process.kill(pidOf(before, name), 'SIGKILL');
    await eventually(async () => {
      const after = await stack.state();
      for (const name of ['gateway-1', 'postgres-main']) {
        const record = after.processes.find((each) => each.name === name);
        expect(record).toMatchObject({ state: 'running' });
        expect(record?.restarts).toBeGreaterThan(0);
        expect(record?.pid).not.toBe(pidOf(before, name));
      }
      expect(pidOf(after, 'gateway-2')).toBe(pidOf(before, 'gateway-2'));
    });
    expect(output()).toMatch(/gateway-1 ended by itself \(signal SIGKILL\); starting it again in 0\.1 s/);
    await eventually(() => expect(output()).toMatch(/gateway-1 is ready again/));
  });

  it('refuses to run twice, naming the one that runs', async () => {
    const { child } = await stack.up([], SHARED);
    const again = await stack.run(['start'], SHARED);
    expect(again.code).toBe(1);
    expect(again.stderr).toBe(
      `stoa: the stack is running already at http://127.0.0.1:${stack.port} (pid ${child.pid}): ` +
        'npm run status shows it, npm run stop ends it\n',
    );
    expect((await stack.run(['reset'])).stderr).toContain('the stack is running: npm run stop first');
  });

  it('runs in the background with --detach until npm run stop, and starts anew after npm run reset', async () => {
    const started = await stack.run(['start', '--detach', '--clones', 'gateway=1'], SHARED);
    expect(started).toMatchObject({ code: 0, stderr: '' });
    expect(started.stdout).toContain('Ready after');
    const state = await stack.state();
    expect(state.phase).toBe('ready');
    expect(state.processes.map(({ name }) => name)).not.toContain('gateway-2');
    const logs = await stack.run(['logs', 'cart', '--no-follow']);
    expect(logs.stdout).toBe('cart-1 listens\n');
    expect((await stack.run(['stop'])).stdout).toMatch(/^Stopped after/);
    gone([state.pid, ...pidsOf(state)]);
    expect(await stack.run(['status'])).toMatchObject({ code: 1, stdout: expect.stringContaining('Nothing runs') });
    expect((await stack.run(['reset'])).code).toBe(0);
    expect(() => statSync(join(stack.dir, 'state/data'))).toThrow('ENOENT');
  });

  it('runs one gateway without a balancer where there is no HAProxy, and says so', async () => {
    const cache = join(stack.dir, 'cache');
    mkdirSync(cache);
    const [postgres = ''] = readdirSync(cacheDir()).filter((name) => name.startsWith('postgres-'));
    symlinkSync(join(cacheDir(), postgres), join(cache, postgres));
    const { output } = await stack.up([], { ...SHARED, PATH: join(stack.dir, 'none'), STOA_CACHE_DIR: cache });
    expect(output()).toContain('no HAProxy on PATH or by pip: one gateway clone, no load balancer');
    expect(await (await fetch(`http://127.0.0.1:${stack.port}/`)).text()).toBe('gateway-1');
    const names = (await stack.state()).processes.map(({ name }) => name).toSorted();
    expect(names).toEqual(['cart-1', 'gateway-1', 'postgres-main']);
    for (const words of [
      ['clones', 'gateway=2'],
      ['roll', 'all'],
    ])
      expect((await stack.run(words)).stderr).toMatch(/^stoa: without HAProxy there is one gateway, .*\n$/);
  });

  it('prepares what a service needs that is run by hand', async () => {
    const { output } = await stack.up(['--without', 'cart'], SHARED);
    const file = join(stack.dir, 'state/run/cart.env');
    expect(output()).toContain(`npx node --env-file=${file} apps/cart/dist/main.js`);
    expect(readFileSync(file, 'utf8')).toMatch(/^STOA_CLONE=cart-1\n[^]*^CART_DATABASE_URL=postgres:\/\/cart:/m);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});

describe('sharded data', () => {
  it('get a shard map and a database on each shard server, whose tables their service does not own', async () => {
    const { child, ended } = await stack.up(['--shards', '2'], { ...SHARED, FAKE_SHARDED: 'yes' });
    const state = await stack.state();
    const servers = state.processes.filter(({ kind }) => kind === 'postgres');
    expect(servers.map(({ name }) => name).toSorted()).toEqual(['postgres-main', 'postgres-shard1', 'postgres-shard2']);
    const profile = await environmentOf(state, 'profile-1');
    expect(profile.DIRECTORY_URL).toMatch(/^postgres:\/\/profile:[^@]+@127\.0\.0\.1:\d+\/directory$/);
    const secrets = ['DIRECTORY_ADMIN_URL', 'PROFILE_SHARDS', 'PROFILE_DATABASE_URL'];
    expect(secrets.map((name) => profile[name])).toEqual([undefined, undefined, undefined]);

    const file = join(stack.dir, 'state/run/directory.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { adminUrl } = JSON.parse(readFileSync(file, 'utf8')) as { adminUrl: string };
    const given = JSON.parse(readFileSync(join(stack.dir, 'migrated-PROFILE_SHARDS'), 'utf8')) as Record<
      string,
      string
    >;
    expect(given).toMatchObject({ DIRECTORY_ADMIN_URL: adminUrl, DIRECTORY_URL: profile.DIRECTORY_URL });
    const shards = JSON.parse(given.PROFILE_SHARDS ?? '') as { name: string; url: string; adminUrl: string }[];
    expect(shards.map(({ name }) => name)).toEqual(['shard1', 'shard2']);
    for (const { url, adminUrl: owner } of shards) {
      const client = new Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query(
        `SELECT current_user AS me, pg_get_userbyid(datdba) AS owner, current_setting('wal_level') AS wal
         FROM pg_database WHERE datname = current_database()`,
      );
      await client.end();
      expect(rows).toEqual([{ me: 'profile', owner: new URL(owner).username, wal: 'logical' }]);
    }

    child.kill('SIGINT');
    await ended;
    await stack.up(['--shards', '2'], { ...SHARED, FAKE_SHARDED: 'yes' });
    const again = (await stack.state()).processes.filter(({ kind }) => kind === 'postgres');
    expect(again.map(({ name, port }) => [name, port])).toEqual(servers.map(({ name, port }) => [name, port]));
  });
});

describe('what a killed run left', () => {
  it('is nothing, and the next start takes over', async () => {
    const { child, ended } = await stack.up([], SHARED);
    const state = await stack.state();
    child.kill('SIGKILL');
    await ended;
    await eventually(() => gone(pidsOf(state)));
    const next = await stack.up([], SHARED);
    expect(next.output()).toContain('the last run did not end in order');
  });

  it('is stopped by what is written down, but not a process that merely has the same number', async () => {
    const sleepers = ['ours', 'theirs'].map(() => spawn('sleep', ['60'], { stdio: 'ignore' }));
    const [ours = 0, theirs = 0] = sleepers.map(({ pid }) => pid);
    const record = (pid: number, identity: string): object => ({ name: `p${pid}`, kind: 'service', pid, identity });
    const processes = [record(ours, identityOf(ours) ?? ''), record(theirs, 'started long ago')];
    mkdirSync(join(stack.dir, 'state/run'), { recursive: true });
    writeFileSync(
      join(stack.dir, 'state/run/state.json'),
      JSON.stringify({ pid: 999_999_999, identity: 'x', processes }),
    );
    const { stdout } = await stack.run(['stop']);
    expect(stdout).toBe(`The last run did not end in order; stopped what it had left: p${ours}.\n`);
    expect([isAlive(ours), isAlive(theirs)]).toEqual([false, true]);
    for (const sleeper of sleepers) sleeper.kill('SIGKILL');
  });
});

describe('a start that can not succeed says why in one line and leaves nothing', () => {
  const failure = async (words: string[], env: NodeJS.ProcessEnv): Promise<string> => {
    const { code, stderr } = await stack.run(['start', ...words], env);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(() => statSync(join(stack.dir, 'state/run/state.json'))).toThrow('ENOENT');
    return stderr;
  };

  it('when the port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(stack.port, '127.0.0.1', resolve));
    const line = await failure([], SHARED);
    other.close();
    expect(line).toMatch(new RegExp(`^stoa: port ${stack.port} is in use by ".*" \\(pid ${process.pid}\\)`));
    expect(line).toContain('STOA_PORT');
  });

  it.each([
    ['KAFKA_BROKERS', '127.0.0.1:1', 'no Kafka broker answers there (127.0.0.1:1'],
    ['KAFKA_BROKERS', 'nonsense', '"nonsense" is not host:port'],
    ['REDIS_URL', 'redis://user:geheim@127.0.0.1:1', 'no Redis answers at 127.0.0.1:1'],
    ['CART_DATABASE_URL', 'postgres://user:geheim@127.0.0.1:1/cart', 'no Postgres to be used at 127.0.0.1:1/cart'],
    ['CART_DATABASE_URL', 'mysql://user:geheim@h/cart', 'is not a URL like postgres://'],
    ['PROFILE_SHARDS', '[{"name":"a","url":"postgres://geheim@h/d"}]', 'is not JSON like [{"name":"shard1",'],
    [
      'PROFILE_SHARDS',
      '[{"name":"a","url":"postgres://u:geheim@127.0.0.1:1/d","adminUrl":"postgres://u:geheim@127.0.0.1:1/d"}]',
      'a: no Postgres to be used at 127.0.0.1:1/d',
    ],
  ])('when %s=%s is no such server', async (variable, value, message) => {
    const line = await failure([], { ...SHARED, FAKE_SHARDED: 'yes', [variable]: value });
    expect(line).toContain(`stoa: ${variable}: `);
    expect(line).toContain(message);
    expect(line).not.toContain('geheim');
  });

  it('when Java is missing', async () => {
    const line = await failure([], { REDIS_URL, PATH: join(stack.dir, 'none'), JAVA_HOME: '' });
    expect(line).toMatch(/^stoa: Java is not on PATH, and Kafka needs it/);
  });

  it('when a service does not come up', async () => {
    const line = await failure([], { ...SHARED, FAKE_BROKEN: 'gateway' });
    expect(line).toMatch(/^stoa: gateway-[12] ended while starting \(exit code 3\): FAKE_BROKEN says so$/m);
  });

  it('when a migration fails', async () => {
    const line = await failure([], { ...SHARED, FAKE_BAD_MIGRATION: 'CART_DATABASE_URL' });
    expect(line).toBe('stoa: the data of cart could not be migrated: relation "x" already exists\n');
  });

  it('when a signal stops it half-way', async () => {
    rmSync(join(stack.dir, 'apps/cart/dist/main.js'));
    writeFileSync(join(stack.dir, 'apps/cart/dist/main.js'), 'setInterval(() => undefined, 1000)'); // never ready
    const up = stack.up([], SHARED);
    const state = await eventually(async () => {
      const now = await stack.state();
      expect(pidOf(now, 'cart-1')).toBeGreaterThan(0);
      return now;
    });
    process.kill(state.pid, 'SIGTERM');
    await expect(up).rejects.toThrow('SIGTERM: stopping');
    gone([state.pid, ...pidsOf(state)]);
  });
});
