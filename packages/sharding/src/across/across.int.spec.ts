import { eventually, testEnvironment } from '@stoa/testing';
import type { Sql } from '@stoa/postgres';
import { KEYSPACE, makeCluster, type Cluster } from '../../test/cluster.js';
import { idIn } from '../../test/rows.js';
import { mover, range } from '../../test/fixtures.js';
import { MapClient } from '../map/map-client.js';
import { PooledServer } from '../../test/pooled-server.js';
import { ShardedDatabase } from '../routing/sharded-database.js';
import { Across, type PageQuery } from './across.js';
import { toCursor } from './cursor.js';

const LIST = {
  text: 'SELECT id, name, created_at FROM customers WHERE bucket = ANY ($1)',
  orderBy: [
    { column: 'created_at', type: 'timestamptz' },
    { column: 'id', type: 'uuid' },
  ],
} as const satisfies Omit<PageQuery, 'limit'>;
const BY_NAME = { text: 'SELECT name, count(*) AS customers FROM customers WHERE bucket = ANY ($1) GROUP BY name' };
const COUNT = { text: 'SELECT count(*) AS customers FROM customers WHERE bucket = ANY ($1)' };

interface Group {
  readonly customers: string;
}

interface Customer {
  readonly id: string;
  readonly name: string;
}

describe('queries across shards', () => {
  let cluster: Cluster;
  let map: MapClient;
  let database: ShardedDatabase<Sql, PooledServer>;
  let across: Across;
  let inOrder: string[];

  beforeEach(async () => {
    const { STOA_TEST_POSTGRES_URL: server } = testEnvironment();
    cluster = await makeCluster([server, server, server], ['a', 'b', 'c']);
    map = await MapClient.open({ keyspace: KEYSPACE, directoryUrl: cluster.serviceDirectoryUrl });
    database = new ShardedDatabase<Sql, PooledServer>({
      map,
      open: (shard) => new PooledServer({ ...shard, application: 'test', maxConnections: 4 }),
    });
    across = new Across({ map, servers: () => database.servers(), retryForMs: 20_000 });
    // Some of the same microsecond, others a microsecond apart, which a JavaScript Date can't distinguish.
    const rows = Array.from({ length: 97 }, (_, n) => ({ id: idIn((n * 37) % 1024), n, at: Math.floor(n / 3) }));
    for (const { id, n, at } of rows) {
      await database.transaction((n * 37) % 1024, (tx) =>
        tx.query(
          `INSERT INTO customers (id, name, created_at)
           VALUES ($1, $2, '2026-01-01T00:00:00Z'::timestamptz + $3 * interval '1 microsecond')`,
          [id, `customer ${n}`, at],
        ),
      );
    }
    const order = rows.toSorted((x, y) => x.at - y.at || (x.id < y.id ? -1 : 1));
    inOrder = order.map(({ n }) => `customer ${n}`);
  });
  afterEach(async () => {
    await database.close();
    await map.close();
  });

  const walk = async (direction: 'asc' | 'desc', backwards: boolean, start?: string): Promise<string[]> => {
    const names: string[] = [];
    let cursor = start;
    for (;;) {
      const page = await across.page<Customer>({ ...LIST, direction, limit: 10, cursor });
      const part = page.rows.map(({ name }) => name);
      if (backwards) names.unshift(...part);
      else names.push(...part);
      cursor = backwards ? page.previous : page.next;
      if (cursor === undefined) return names;
    }
  };

  it('page through all rows in order, in both directions and both orders', async () => {
    expect(await walk('asc', false)).toEqual(inOrder);
    expect(await walk('desc', false)).toEqual(inOrder.toReversed());
    let last = await across.page<Customer>({ ...LIST, limit: 50 });
    last = await across.page<Customer>({ ...LIST, limit: 50, cursor: last.next });
    expect(last.next).toBeUndefined();
    // The last page's rows come after the cursor of the previous page.
    const before = await walk('asc', true, last.previous);
    expect(before).toEqual(inOrder.slice(0, 50));
    expect((await across.page({ ...LIST, limit: 5 })).previous).toBeUndefined();
  });

  it('give rows as they are, without what the merge added', async () => {
    const { rows } = await across.page<Customer>({ ...LIST, limit: 1 });
    expect(Object.keys(rows[0] ?? {})).toEqual(['id', 'name', 'created_at']);
  });

  it('combine the sums of all shards', async () => {
    expect(await across.totals(COUNT, [], ['customers'])).toEqual([{ group: {}, sums: { customers: 97n } }]);
  });

  it('never miss or double a row while buckets move', async () => {
    const moved = new AbortController();
    let counted = 0;
    // Everything is read while both sides have the rows.
    const looking = mover(cluster, async (step, when) => {
      const before = counted;
      if (step === 'purge' && when === 'before') await eventually(() => expect(counted).toBeGreaterThan(before));
    });
    const moveAround = async (): Promise<void> => {
      for (const [from, to] of ['ab', 'bc', 'ca'].map((way) => [...way])) {
        const id = await mover(cluster).planMove({
          keyspace: KEYSPACE,
          buckets: range(0, 200),
          from: from ?? '',
          to: to ?? '',
        });
        await looking.runMove(id);
      }
    };
    const moves = moveAround().finally(() => moved.abort());
    while (!moved.signal.aborted) {
      expect(await across.totals(COUNT, [], ['customers'])).toEqual([{ group: {}, sums: { customers: 97n } }]);
      expect(await walk('asc', false)).toEqual(inOrder);
      counted += 1;
    }
    await moves;
    expect(counted).toBeGreaterThan(3);
  });

  it('do not count what a shard holds but does not serve', async () => {
    await cluster.admin(
      'a',
      `DO $$ BEGIN SET LOCAL session_replication_role = replica;
      INSERT INTO customers (bucket, id, name) VALUES (1000, gen_random_uuid(), 'half a copy'); END $$`,
    );
    expect(await across.totals(COUNT, [], ['customers'])).toEqual([{ group: {}, sums: { customers: 97n } }]);
  });

  it('give a whole result or an error, never a part', async () => {
    await cluster.admin('b', `UPDATE sharding.bucket_owner SET state = 'gone' WHERE bucket = 500`);
    const impatient = new Across({ map, servers: () => database.servers(), retryForMs: 200 });
    await expect(impatient.totals(COUNT, [], ['customers'])).rejects.toMatchObject({ name: 'AcrossUnavailable' });
    await expect(impatient.page({ ...LIST, limit: 5 })).rejects.toMatchObject({ name: 'AcrossUnavailable' });
    await expect(across.partials({ text: 'SELECT count(*) FROM customers' })).rejects.toThrow(
      'filtered by the buckets',
    );
    const aggregates = impatient.aggregates({ ...BY_NAME, key: 'name' }, () => () => undefined);
    await expect(aggregates).rejects.toMatchObject({ name: 'AcrossUnavailable', shards: ['b'] });
  });

  it('name the shard that can not be reached', async () => {
    const dead = new ShardedDatabase<Sql, PooledServer>({
      map,
      open: ({ name, url }) => {
        const reached = name.endsWith('@c') ? 'postgres://nobody@127.0.0.1:1/nowhere' : url;
        return new PooledServer({ name, url: reached, application: 'test', maxConnections: 4 });
      },
    });
    const unreachable = {
      name: 'AcrossUnavailable',
      shards: ['c'],
      message: expect.stringMatching(/^c could not reply: No/),
    };
    const asked = dead.across({ retryForMs: 150 });
    await expect(asked.totals(COUNT, [], ['customers'])).rejects.toMatchObject(unreachable);
    await expect(asked.aggregates({ ...BY_NAME, key: 'name' }, () => () => undefined)).rejects.toMatchObject(
      unreachable,
    );
    await dead.close();
  });

  it('refuse cursors of other lists, and forged ones whose place Postgres would not take', async () => {
    const { next } = await across.page({ ...LIST, direction: 'desc', limit: 5 });
    const key = ['2025-02-30T00:00:00.000000Z', idIn(0)];
    const forged = toCursor([LIST.orderBy, 'asc', []], { side: 'after', key });
    for (const cursor of ['nonsense', next, forged]) {
      await expect(across.page({ ...LIST, limit: 5, cursor })).rejects.toMatchObject({ name: 'BadCursor' });
    }
  });

  it('read aggregates of all shards in step, more of them than one batch holds', async () => {
    const shards = { a: { bucket: 1, step: 2 }, b: { bucket: 400, step: 3 }, c: { bucket: 800, step: 5 } };
    for (const [shard, { bucket, step }] of Object.entries(shards)) {
      await cluster.admin(
        shard,
        `DO $$ BEGIN SET LOCAL session_replication_role = replica;
        INSERT INTO customers (bucket, id, name) SELECT ${bucket}, gen_random_uuid(), 'group ' || n
        FROM generate_series(${step}, 15000, ${step}) AS n; END $$`,
      );
    }
    const seen: [string, number][] = [];
    await across.aggregates<Group>({ ...BY_NAME, key: 'name' }, () => {
      seen.length = 0;
      return (name, rows) => seen.push([name, rows.reduce((sum, { customers }) => sum + Number(customers), 0)]);
    });
    const expected = Array.from({ length: 15_000 }, (_, n) => n + 1)
      .map((n): [string, number] => [`group ${n}`, [2, 3, 5].filter((step) => n % step === 0).length])
      .filter(([, count]) => count > 0)
      .concat(inOrder.map((name) => [name, 1]));
    expect(seen).toEqual(expected.toSorted(([x], [y]) => Buffer.compare(Buffer.from(x), Buffer.from(y))));
  });
});
