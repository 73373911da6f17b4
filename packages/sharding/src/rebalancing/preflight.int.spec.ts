import { PostgresServers } from '@stoa/testing';
import { withSession } from '@stoa/postgres';
import { KEYSPACE, makeCluster, type Cluster } from '../../test/cluster.js';
import { fill } from '../../test/fill.js';
import { planRebalance, type RebalanceRequest } from './plan-rebalance.js';

let servers: PostgresServers;
let small: PostgresServers;
let cluster: Cluster;

beforeAll(async () => {
  [servers, small] = await Promise.all([
    PostgresServers.start(3),
    PostgresServers.start(1, { settings: { wal_level: 'replica', max_replication_slots: '2' } }),
  ]);
});
afterAll(() => Promise.all([servers.stop(), small.stop()]));

const make = async (urls = [0, 1, 2].map((index) => servers.url(index))): Promise<string> => {
  cluster = await makeCluster(urls, urls.length > 1 ? ['a', 'b'] : ['a']);
  return cluster.directoryUrl;
};
const messageOf = async (request: RebalanceRequest): Promise<string> => {
  const error = await planRebalance(request).then(
    () => new Error('it was not refused'),
    (thrown: unknown) => thrown as Error,
  );
  // One line, and nothing was changed.
  expect(error.message).toMatch(/^[^\n]*$/);
  const [{ moves } = { moves: -1 }] = await withSession(
    { url: cluster.directoryUrl, server: 'directory', application: 'test' },
    async (session) =>
      (await session.query<{ moves: number }>('SELECT count(*)::int AS moves FROM sharding.moves')).rows,
  );
  expect(moves).toBe(0);
  return error.message;
};

it('names a keyspace or a shard that there is not', async () => {
  const directoryUrl = await make();
  expect(await messageOf({ directoryUrl, keyspaces: ['shoop'] })).toBe('There is no keyspace shoop; there are shop');
  expect(await messageOf({ directoryUrl, drain: 'z' })).toBe('There is no shard z; there are a, b, c');
});

it('says what a server lacks in its settings', async () => {
  const directoryUrl = await make([servers.url(0), servers.url(1), small.url(0)]);
  const message = await messageOf({ directoryUrl });
  expect(message).toContain('shop/c: wal_level is replica, and must be logical (needs a restart)');
  expect(message).toContain('shop/c: 2 free replication slots (max_replication_slots), and 3 are needed');
});

it('says what a role lacks', async () => {
  const directoryUrl = await make();
  const role = `weak_${Date.now()}`;
  await cluster.admin('c', `CREATE ROLE ${role} LOGIN PASSWORD 'weak'`);
  await cluster.admin('c', `GRANT USAGE ON SCHEMA sharding TO ${role}`);
  await cluster.admin('c', `GRANT SELECT ON ALL TABLES IN SCHEMA sharding TO ${role}`);
  const url = new URL(cluster.shards.get('c')?.adminUrl ?? '');
  url.username = role;
  url.password = 'weak';
  await withSession({ url: directoryUrl, server: 'directory', application: 'test' }, (session) =>
    session.query(`UPDATE sharding.shards SET admin_url = $1 WHERE shard = 'c'`, [url.href]),
  );
  const message = await messageOf({ directoryUrl });
  expect(message).toContain('shop/c: the role may not replicate (REPLICATION)');
  expect(message).toContain('the role may not subscribe');
  expect(message).toContain('the role may not set session_replication_role');
  expect(message).toContain('the role does not own customers, orders, outbox, visits');
  expect(message).not.toContain('weak:');
});

it('says which disk is too full, by how much', async () => {
  const directoryUrl = await make();
  await fill(cluster, 200);
  expect(await messageOf({ directoryUrl, keepFreeBytes: 2 ** 60 })).toMatch(
    /shop\/c: not enough disk: [\d,]+ MB are free, and \d+ MB are needed beside the 1,099,511,627,776 MB that stay free/,
  );
});

it('says which migration is missing where, and that tables differ', async () => {
  const directoryUrl = await make();
  for (const shard of ['a', 'b', 'c']) {
    await cluster.admin(shard, 'CREATE TABLE _prisma_migrations (migration_name text, finished_at timestamptz)');
    const names = shard === 'c' ? '(1)' : '(1), (2)';
    await cluster.admin(
      shard,
      `INSERT INTO _prisma_migrations SELECT '000' || n, now() FROM (VALUES ${names}) AS m(n)`,
    );
  }
  expect(await messageOf({ directoryUrl })).toBe('shop/c: the migration 0002 is missing');
  await cluster.admin('c', `INSERT INTO _prisma_migrations VALUES ('0002', now())`);
  await cluster.admin('c', 'ALTER TABLE customers ADD COLUMN nickname text');
  expect(await messageOf({ directoryUrl })).toContain('the sharded tables of shop/a and shop/b and shop/c differ');
});

it('refuses to drain the only shard', async () => {
  const directoryUrl = await make([servers.url(0)]);
  expect(await messageOf({ directoryUrl, drain: 'a' })).toBe(
    `${KEYSPACE}: no other shard is left to take what a holds`,
  );
});

it('names a server that can not be reached', async () => {
  const directoryUrl = await make();
  await servers.kill(2);
  expect(await messageOf({ directoryUrl })).toMatch(/^shop\/c: no connection: .*ECONNREFUSED/);
  await servers.startAgain(2);
  expect((await planRebalance({ directoryUrl })).moves.length).toBeGreaterThan(0);
});

it('says that there is no directory', async () => {
  await make();
  const elsewhere = cluster.shards.get('a')?.adminUrl ?? '';
  await expect(planRebalance({ directoryUrl: elsewhere })).rejects.toThrow(
    /^There is no shard directory at 127\.0\.0\.1:\d+\/shard_a_/,
  );
});
