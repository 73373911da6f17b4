import { testEnvironment } from '@stoa/testing';
import { KEYSPACE, makeCluster, type Cluster } from '../../test/cluster.js';
import { idIn } from '../../test/rows.js';
import { mover, range } from '../../test/stand.js';
import { MapClient } from '../map/map-client.js';
import type { Sql } from '../postgres/sql.js';
import { PooledServer } from '../routing/pooled-server.js';
import { ShardedDatabase } from '../routing/sharded-database.js';
import { Across, type PageQuery } from './across.js';

const LIST = {
  text: 'SELECT id, name, created_at FROM customers WHERE bucket = ANY ($1)',
  orderBy: [
    { column: 'created_at', type: 'timestamptz' },
    { column: 'id', type: 'uuid' },
  ],
} as const satisfies Omit<PageQuery, 'limit'>;
const COUNT = { text: 'SELECT count(*) AS customers FROM customers WHERE bucket = ANY ($1)' };

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
    across = new Across({ map, servers: () => database.servers(), patienceMs: 3_000 });
    // Some of the same microsecond, others a microsecond apart: what a JavaScript Date can't tell.
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
      const at = cursor === undefined ? {} : backwards ? { before: cursor } : { after: cursor };
      const page = await across.page<Customer>({ ...LIST, direction, limit: 10, ...at });
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
    last = await across.page<Customer>({ ...LIST, limit: 50, after: last.next ?? '' });
    expect(last.next).toBeUndefined();
    // The last page's own rows come after the cursor of the page before it.
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
    const moveAround = async (): Promise<void> => {
      for (const [from, to] of ['ab', 'bc', 'ca'].map((way) => [...way])) {
        const id = await mover(cluster).planMove({
          keyspace: KEYSPACE,
          buckets: range(0, 200),
          from: from ?? '',
          to: to ?? '',
        });
        await mover(cluster).runMove(id);
      }
    };
    const moves = moveAround().finally(() => moved.abort());
    let counted = 0;
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

  it('refuse a part of an answer: a whole one or an error', async () => {
    await cluster.admin('b', `UPDATE sharding.bucket_owner SET state = 'gone' WHERE bucket = 500`);
    const impatient = new Across({ map, servers: () => database.servers(), patienceMs: 200 });
    await expect(impatient.totals(COUNT, [], ['customers'])).rejects.toMatchObject({ name: 'AcrossUnavailable' });
    await expect(impatient.page({ ...LIST, limit: 5 })).rejects.toMatchObject({ name: 'AcrossUnavailable' });
    await expect(across.partials({ text: 'SELECT count(*) FROM customers' })).rejects.toThrow(
      'filtered by the buckets',
    );
    await expect(across.page({ ...LIST, limit: 5, after: 'nonsense' })).rejects.toMatchObject({ name: 'BadCursor' });
  });
});
