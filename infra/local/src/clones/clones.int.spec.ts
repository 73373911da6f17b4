import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, testEnvironment } from '@stoa/testing';
import { fakeStack, type FakeStack } from '../../test/fake-stack.js';

interface Changed {
  readonly steps: { readonly step: string; readonly ms: number }[];
  readonly clones: Record<string, string[]>;
}

describe('the clones of a stack that runs', () => {
  let stack: FakeStack;

  beforeAll(async () => {
    stack = await fakeStack();
    const { STOA_TEST_KAFKA_BROKERS, STOA_TEST_REDIS_URL } = testEnvironment();
    await stack.up([], { KAFKA_BROKERS: STOA_TEST_KAFKA_BROKERS, REDIS_URL: STOA_TEST_REDIS_URL });
  });
  afterAll(() => stack.remove());

  const change = async (...words: string[]): Promise<Changed> => {
    const { code, stdout, stderr } = await stack.run([...words, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout) as Changed;
  };
  const refused = async (...words: string[]): Promise<string> => {
    const { code, stderr } = await stack.run(words);
    expect([code, stderr.trimEnd().split('\n').length]).toEqual([1, 1]);
    return stderr;
  };
  const ask = async (path = '/'): Promise<string> => (await fetch(`http://127.0.0.1:${stack.port}${path}`)).text();
  const askedGateways = async (): Promise<string[]> => {
    const names = new Set<string>();
    for (let n = 0; n < 12; n++) names.add(await ask());
    return [...names].toSorted();
  };
  const pids = async (): Promise<Record<string, number>> =>
    Object.fromEntries((await stack.state()).processes.map(({ name, pid }) => [name, pid ?? 0]));

  /** Sends requests that take a while, without pause, during some work. @returns bodies that are no clone's name */
  const whileAsking = async (work: () => Promise<void>): Promise<string[]> => {
    const wrong: string[] = [];
    const over = new AbortController();
    let count = 0;
    const asker = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const body = await ask('/slow').catch((error: unknown) => String(error));
        count++;
        if (!/^gateway-\d+$/.test(body)) wrong.push(body);
      }
    };
    const askers = Promise.all(Array.from({ length: 8 }, asker));
    await eventually(() => expect(count).toBeGreaterThan(8));
    await work();
    over.abort();
    await askers;
    return wrong;
  };

  it('come and go without a failed request, and HAProxy knows them even after a restart of its own', async () => {
    const wrong = await whileAsking(async () => {
      const { clones, steps } = await change('clones', 'gateway=3', 'cart=2');
      expect(clones).toEqual({ cart: ['cart-1', 'cart-2'], gateway: ['gateway-1', 'gateway-2', 'gateway-3'] });
      expect(steps.map(({ step }) => step)).toEqual(['start gateway-3', 'start cart-2']);
      expect(Math.min(...steps.map(({ ms }) => ms))).toBeGreaterThan(0);
    });
    expect(wrong).toEqual([]);
    await eventually(async () => expect(await askedGateways()).toEqual(['gateway-1', 'gateway-2', 'gateway-3']));

    const before = await pids();
    process.kill(before.haproxy ?? 0, 'SIGKILL');
    await eventually(async () => expect((await pids()).haproxy).not.toBe(before.haproxy));
    await eventually(async () => expect(await askedGateways()).toHaveLength(3));

    const more = await whileAsking(async () => {
      const { clones, steps } = await change('clones', 'gateway=1', 'cart=1');
      expect(clones).toEqual({ cart: ['cart-1'], gateway: ['gateway-1'] });
      expect(steps.map(({ step }) => step)).toContain('drain gateway-3');
    });
    expect(more).toEqual([]);
    expect(Object.keys(await pids())).not.toContain('gateway-2');
    expect((await change('clones', 'gateway=2', 'cart=1')).clones.gateway).toEqual(['gateway-1', 'gateway-2']);
  });

  it('are all replaced by a roll, the last one of an app too, without a failed request', async () => {
    const before = Object.values(await pids());
    const wrong = await whileAsking(async () => {
      const { clones, steps } = await change('roll', 'all');
      expect([clones.gateway?.length, clones.cart?.length]).toEqual([2, 1]);
      expect(steps.map(({ step }) => step).slice(0, 3)).toEqual(['migrate cart', 'start cart-2', 'stop cart-1']);
      expect(steps.at(-1)?.step).toBe('reload haproxy');
    });
    expect(wrong).toEqual([]);
    const after = (await stack.state()).processes.filter(({ kind }) => kind === 'gateway' || kind === 'service');
    expect(after.map(({ pid }) => before.includes(pid ?? 0))).toEqual([false, false, false]);
  });

  it('are known to an HAProxy that is reloaded, without a failed request', async () => {
    const { haproxy } = await pids();
    await change('clones', 'gateway=3');
    const wrong = await whileAsking(async () => {
      for (let n = 0; n < 3; n++) expect((await change('roll', 'haproxy')).steps).toHaveLength(1);
    });
    expect(wrong).toEqual([]);
    expect((await pids()).haproxy).toBe(haproxy);
    await eventually(async () => expect(await askedGateways()).toHaveLength(3));
    await change('clones', 'gateway=2');
    await eventually(async () => expect(await askedGateways()).toHaveLength(2));
  });

  it('stay as they are when a new one does not start, and when what was asked for can not be', async () => {
    const before = await pids();
    const broken = join(stack.dir, 'apps/cart/dist/broken');
    writeFileSync(broken, '');
    try {
      const why = /ended while starting \(exit code 3\): FAKE_BROKEN says so; no other clone was stopped for it$/m;
      expect(await refused('roll', 'cart')).toMatch(why);
      expect(await refused('clones', 'cart=3', 'gateway=1')).toMatch(why);
    } finally {
      rmSync(broken);
    }
    expect(await refused('clones', 'order=2')).toBe('stoa: no service "order" runs here; there are cart, gateway\n');
    expect(await refused('clones', 'cart=33')).toBe('stoa: clones cart needs a whole number from 1 to 32, not "33"\n');
    expect(await refused('clones', 'cart=0')).toContain('from 1 to 32, not "0"');
    expect(await refused('clones', 'cart=2', 'cart=3')).toContain('"cart" is named twice');
    expect(await refused('roll')).toContain('say of which service: npm run roll -- cart');
    expect(await refused('roll', '--fast')).toContain('"--fast" is not understood');
    expect(await pids()).toEqual(before);
  });
});

describe('without a stack', () => {
  it('nothing can be changed', async () => {
    const stack = await fakeStack();
    const { code, stderr } = await stack.run(['clones', 'cart=2']);
    await stack.remove();
    expect([code, stderr]).toEqual([1, 'stoa: nothing runs: npm start brings the stack up\n']);
  });
});
