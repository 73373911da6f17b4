import { bucketOf } from '@stoa/sharding/testing';
import { untilAvailable, withinDeadline } from '@stoa/testing';
import { Client } from 'pg';
import { ManyCustomers } from '../../test/many-customers.js';

const FIRST = Date.parse('2026-03-01T00:00:00Z');
/** Some in one and the same millisecond. */
const signUp = (n: number): Date => new Date(FIRST + Math.floor(n / 2) * 3_600_000);
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/**
 * Ends all connections to a database and lets none in, as when its server is gone, until what is returned is called.
 */
async function cutOff(url: string, otherUrl: string): Promise<() => Promise<void>> {
  const name = new URL(url).pathname.slice(1);
  const admin = new Client({ connectionString: otherUrl });
  await admin.connect();
  await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
  return async () => {
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await admin.end();
  };
}

describe('the list of customers', () => {
  let many: ManyCustomers;
  const ids = new Map<string, string>();
  const names = Array.from({ length: 60 }, (_, n) => `Customer ${String(n).padStart(2, '0')}`);
  const others = [
    'Zoë',
    'ZOE\u0308 von Ä',
    'müller',
    'MÜLLER & Söhne',
    'Οδυσσεύς',
    'O%Brien',
    'o_Brien',
    'İnci',
    '😀 Smile',
  ];

  beforeAll(async () => {
    many = await ManyCustomers.start(3);
    for (const [n, displayName] of [...names, ...others].entries()) {
      const email = `${n % 2 ? 'Ada' : 'bob'}.${n}@Example.com`;
      ids.set(displayName, await many.add({ email, displayName, createdAt: signUp(n) }));
    }
  });
  afterAll(() => many.stop());

  /** In the order of sign-up, and of ids where that is the same. */
  const inOrder = (): string[] =>
    [...names, ...others]
      .map((name, n) => ({ name, at: signUp(n).getTime(), id: ids.get(name) ?? '' }))
      .toSorted((a, b) => a.at - b.at || byBytes(a.id, b.id))
      .map(({ name }) => name);
  const found = async (sort: 'name' | 'email', prefix: string): Promise<string[]> =>
    (await many.walk({ sort, prefix, limit: 3 })).there;

  it('is on all shards', async () => {
    const rows = await many.data.rows<{ n: number }>('profile', 'SELECT count(*)::int AS n FROM customers');
    expect(rows).toHaveLength(3);
    for (const { n } of rows) expect(n).toBeGreaterThan(5);
  });

  it('goes by sign-up time, the newest first unless asked otherwise, page by page there and back', async () => {
    const oldestFirst = inOrder();
    for (const limit of [1, 7, 100]) {
      const newest = await many.walk({ limit });
      expect(newest).toEqual({ there: oldestFirst.toReversed(), back: oldestFirst.toReversed() });
    }
    const oldest = await many.walk({ order: 'asc', limit: 7 });
    expect(oldest).toEqual({ there: oldestFirst, back: oldestFirst });
  });

  it('shows what operators need to know', async () => {
    const { items } = await many.list({ sort: 'name', prefix: 'Customer 07' });
    expect(items).toEqual([
      {
        customerId: ids.get('Customer 07'),
        email: 'ada.7@example.com',
        displayName: 'Customer 07',
        role: 'customer',
        emailVerified: false,
        username: null,
        locale: null,
        phone: null,
        version: 1,
        createdAt: signUp(7).toISOString(),
        updatedAt: signUp(7).toISOString(),
      },
    ]);
  });

  it('can be cut to a time', async () => {
    const range = { order: 'asc', from: signUp(10).toISOString(), until: signUp(20).toISOString() } as const;
    const { there, back } = await many.walk({ ...range, limit: 4 });
    expect(there).toEqual(inOrder().slice(10, 20));
    expect(back).toEqual(there);
  });

  it('finds names and addresses by their beginning, in any case of letters', async () => {
    expect(await found('name', 'customer 1')).toEqual(names.slice(10, 20));
    expect(await found('name', 'CUSTOMER 1')).toEqual(names.slice(10, 20));
    expect(await found('name', 'mÜ')).toEqual(['müller', 'MÜLLER & Söhne']);
    // Composed or not, and with the sigma that ends a word.
    expect(await found('name', 'zo\u00EB')).toEqual(['Zoë', 'ZOE\u0308 von Ä']);
    expect(await found('name', 'zoe\u0308')).toEqual(['Zoë', 'ZOE\u0308 von Ä']);
    expect(await found('name', 'ΟΔΥΣ')).toEqual(['Οδυσσεύς']);
    expect(await found('name', 'İN')).toEqual(['İnci']);
    expect(await found('name', '😀')).toEqual(['😀 Smile']);
    expect(await found('email', 'ADA.1')).toEqual([11, 13, 15, 17, 19, 1].map((n) => names[n]));
    expect(await found('name', 'nobody')).toEqual([]);
  });

  it('takes every letter of the beginning as it is', async () => {
    expect(await found('name', 'o%')).toEqual(['O%Brien']);
    expect(await found('name', 'o_')).toEqual(['o_Brien']);
    expect(await found('name', '\\')).toEqual([]);
  });

  it('goes by name and by address in both directions', async () => {
    const customers = await many.walk({ sort: 'name', order: 'desc', prefix: 'customer', limit: 9 });
    expect(customers).toEqual({ there: names.toReversed(), back: names.toReversed() });
    const all = await many.walk({ sort: 'email', limit: 11 });
    expect(all.back).toEqual(all.there);
    expect(all.there.toSorted(byBytes)).toEqual([...names, ...others].toSorted(byBytes));
  });

  it.each([
    [{ prefix: 'a' }, '/prefix'],
    [{ sort: 'name', from: '2026-01-01T00:00:00Z' }, '/from'],
    [{ sort: 'email', until: '2026-01-01T00:00:00Z' }, '/until'],
    [{ cursor: 'nonsense' }, '/cursor'],
  ] as const)('refuses %p', async (input, pointer) => {
    await expect(many.list(input)).rejects.toMatchObject({ code: 'INVALID_INPUT', problems: [{ pointer }] });
  });

  it('refuses a cursor that another list gave', async () => {
    const { next } = await many.list({ sort: 'name', prefix: 'c', limit: 2 });
    for (const input of [{ sort: 'name', prefix: 'cu' }, { sort: 'name' }, { sort: 'email', prefix: 'c' }] as const) {
      const refused = many.list({ ...input, cursor: next ?? '' });
      await expect(refused).rejects.toMatchObject({ code: 'INVALID_INPUT', problems: [{ pointer: '/cursor' }] });
    }
    expect((await many.list({ sort: 'name', prefix: 'c', limit: 5, cursor: next ?? '' })).items).toHaveLength(5);
  });

  it('counts all customers, and the sign-ups of each day in UTC', async () => {
    const { customers, signUps } = await many.statistics({ from: '2026-02-28', to: '2026-03-03' });
    expect(customers).toBe(69);
    expect(signUps).toEqual([
      { day: '2026-02-28', customers: 0 },
      { day: '2026-03-01', customers: 48 },
      { day: '2026-03-02', customers: 21 },
      { day: '2026-03-03', customers: 0 },
    ]);
    const today = (): string => new Date().toISOString().slice(0, 10);
    const before = today();
    const usual = await many.statistics({});
    expect(usual.signUps).toHaveLength(30);
    expect([before, today()]).toContain(usual.signUps.at(-1)?.day);
    for (const range of [
      { from: '2026-03-02', to: '2026-03-01' },
      { from: '2025-01-01', to: '2026-03-01' },
    ]) {
      await expect(many.statistics(range)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
  });

  it('fails with an error that names the shard, when one can not be reached', async () => {
    const [first, second] = many.data.shards.get('profile') ?? [];
    const restore = await cutOff(second?.adminUrl ?? '', first?.adminUrl ?? '');
    try {
      const refused = { code: 'UNAVAILABLE', message: expect.stringMatching(/^shard2 could not reply/) };
      await withinDeadline(5_000, () => expect(many.list({}, 5_000)).rejects.toMatchObject(refused));
      await expect(many.statistics({})).rejects.toMatchObject(refused);
    } finally {
      await restore();
    }
    expect((await many.walk({ limit: 50 })).there).toHaveLength(69);
  });

  it('never misses nor doubles a customer while buckets move', async () => {
    const buckets = [...ids.values()].map((id) => bucketOf(id));
    const onShard = (n: number): number[] =>
      [...new Set(buckets)].filter((bucket) => Math.floor((bucket * 3) / 1024) === n).slice(0, 12);
    const moved = new AbortController();
    let walks = 0;
    const areEnough = (): boolean => walks > 3;
    const moves = (async () => {
      await many.move('shard1', 'shard2', onShard(0));
      await many.move('shard2', 'shard3', onShard(0));
      await many.move('shard3', 'shard1', [...onShard(0), ...onShard(2)]);
      // Walks may be slow, or moves quick: on it goes until there were some beside them.
      for (let from = 'shard1', to = 'shard2'; !areEnough(); [from, to] = [to, from])
        await many.move(from, to, onShard(0));
    })().finally(() => moved.abort());
    const byName = names.toSorted(byBytes);
    while (!moved.signal.aborted) {
      const { there } = await untilAvailable(() => many.walk({ order: 'asc', limit: 7 }));
      expect(there).toEqual(inOrder());
      const { back } = await untilAvailable(() => many.walk({ sort: 'name', prefix: 'customer', limit: 7 }));
      expect(back).toEqual(byName);
      const days = { from: '2026-03-01', to: '2026-03-03' };
      expect((await untilAvailable(() => many.statistics(days))).customers).toBe(69);
      walks += 1;
    }
    await moves;
    expect(walks).toBeGreaterThan(3);
  });
});
