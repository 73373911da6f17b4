import { testEnvironment } from '@stoa/testing';
import { Client } from 'pg';
import { KEYSPACE, makeCluster, TABLES, type Cluster } from '../../test/cluster.js';
import { idIn } from '../../test/rows.js';
import { installShard } from './install.js';
import { ownedRead, ownedRows } from '../routing/owned-read.js';

// Buckets 0 to 511 are on shard a, the others on b.
const [HERE, ELSEWHERE] = [7, 700];
const INSERT = `INSERT INTO customers (id, name) VALUES ($1, 'Ada')`;

describe('the fence', () => {
  let cluster: Cluster;
  const clients: Client[] = [];
  const connect = async (shard = 'a', as: 'url' | 'adminUrl' = 'url'): Promise<Client> => {
    const client = new Client({ connectionString: cluster.shards.get(shard)?.[as] ?? '' });
    clients.push(client);
    await client.connect();
    return client;
  };
  const setState = (state: string, bucket = HERE): Promise<unknown> =>
    cluster.admin('a', 'UPDATE sharding.bucket_owner SET state = $1 WHERE bucket = $2', [state, bucket]);

  beforeAll(async () => {
    const { STOA_TEST_POSTGRES_URL: server } = testEnvironment();
    cluster = await makeCluster([server, server]);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    await setState('owned');
  });

  it('computes the bucket of a row from its key, and never lets it change', async () => {
    const client = await connect();
    const id = idIn(HERE);
    await client.query(INSERT, [id]);
    const { rows } = await client.query('SELECT bucket FROM customers WHERE id = $1', [id]);
    expect(rows).toEqual([{ bucket: HERE }]);
    await expect(client.query('UPDATE customers SET bucket = 8 WHERE id = $1', [id])).rejects.toMatchObject({
      code: 'SH004',
    });
    const wrong = client.query(`INSERT INTO customers (bucket, id, name) VALUES (8, $1, 'Ada')`, [idIn(HERE)]);
    await expect(wrong).rejects.toThrow(`a row of customers belongs into bucket ${HERE}, not 8`);
  });

  it('lets a service write reference tables that are named to it, and no other table', async () => {
    const client = await connect();
    await expect(client.query('SELECT FROM products')).rejects.toThrow('permission denied');
    const { adminUrl = '', url = '' } = cluster.shards.get('a') ?? {};
    const service = { serviceRole: new URL(url).username, tables: TABLES };
    await installShard({ url: adminUrl, keyspace: KEYSPACE, shard: 'a', ...service, reference: ['products'] });
    await client.query(`INSERT INTO products VALUES ('MUG', 'A mug')`);
    await expect(client.query('TRUNCATE products')).rejects.toThrow('permission denied');
  });

  describe.each(['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'])('under %s', (level) => {
    const begin = async (): Promise<Client> => {
      const client = await connect();
      await client.query(`BEGIN ISOLATION LEVEL ${level}`);
      return client;
    };

    it('refuses inserts, updates and deletes of a bucket that is elsewhere', async () => {
      await expect((await begin()).query(INSERT, [idIn(ELSEWHERE)])).rejects.toMatchObject({ code: 'SH001' });
      const id = idIn(HERE);
      await (await connect()).query(INSERT, [id]);
      await setState('gone');
      const update = `UPDATE customers SET name = 'x' WHERE id = $1`;
      await expect((await begin()).query(update, [id])).rejects.toMatchObject({ code: 'SH001' });
      const remove = 'DELETE FROM customers WHERE id = $1';
      await expect((await begin()).query(remove, [id])).rejects.toMatchObject({ code: 'SH001' });
    });

    it.each(['fenced', 'ready'])('refuses writes for a moment while a bucket is %s', async (state) => {
      await setState(state);
      await expect((await begin()).query(INSERT, [idIn(HERE)])).rejects.toMatchObject({ code: 'SH002' });
      await expect((await begin()).query('SELECT sharding.hold($1)', [HERE])).rejects.toMatchObject({ code: 'SH002' });
    });

    it('refuses a write whose transaction began before the bucket was fenced', async () => {
      const client = await begin();
      await client.query('SELECT count(*) FROM customers');
      await setState('fenced');
      const code = level === 'READ COMMITTED' ? 'SH002' : '40001';
      await expect(client.query(INSERT, [idIn(HERE)])).rejects.toMatchObject({ code });
    });

    it('is closed only when transactions that were let through have ended', async () => {
      const writer = await begin();
      await writer.query(INSERT, [idIn(HERE)]);
      const mover = await connect('a', 'adminUrl');
      await mover.query(`SET lock_timeout = '200ms'`);
      const fence = `UPDATE sharding.bucket_owner SET state = 'fenced' WHERE bucket = ${HERE}`;
      const drain = `SELECT pg_advisory_xact_lock(1398034241, ${HERE})`;
      // Under the higher levels the writer's lock on the row is in the way before.
      if (level === 'READ COMMITTED') await mover.query(fence);
      else await expect(mover.query(fence)).rejects.toMatchObject({ code: '55P03' });
      await expect(mover.query(drain)).rejects.toMatchObject({ code: '55P03' });
      await writer.query('COMMIT');
      await mover.query(fence);
      await mover.query(drain);
    });

    it('allows reads of what it serves, even when no row matches, and refuses all others', async () => {
      const read = async (bucket: number) => {
        const client = await begin();
        const text = ownedRead('SELECT name FROM customers WHERE bucket = $1 AND id = $2;', 2);
        return ownedRows((await client.query(text, [bucket, idIn(bucket), bucket])).rows);
      };
      const raise = async (bucket: number) => {
        const text = 'SELECT name FROM customers WHERE sharding.readable($1) AND bucket = $1 AND id = $2';
        return (await (await begin()).query(text, [bucket, idIn(bucket)])).rows;
      };
      expect(await read(HERE)).toEqual([]);
      expect(await raise(HERE)).toEqual([]);
      await setState('fenced');
      expect(await read(HERE)).toEqual([]);
      expect(await raise(HERE)).toEqual([]);
      await setState('gone');
      expect(await read(HERE)).toBeUndefined();
      await expect(raise(HERE)).rejects.toMatchObject({ code: 'SH001' });
      expect(await read(ELSEWHERE)).toBeUndefined();
      await expect(raise(ELSEWHERE)).rejects.toMatchObject({ code: 'SH001' });
    });
  });

  it('would let a write through if it took no locking read', async () => {
    const client = await connect();
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query('SELECT count(*) FROM customers');
    await setState('gone');
    // The trap that sharding.locked_state() exists for.
    const { rows } = await client.query('SELECT state FROM sharding.bucket_owner WHERE bucket = $1', [HERE]);
    expect(rows).toEqual([{ state: 'owned' }]);
  });

  it('fences only inserts into a queue, so that it can be drained', async () => {
    const client = await connect();
    const insert = `INSERT INTO outbox (bucket, key, version) VALUES (${HERE}, 'k', 1)`;
    await client.query(insert);
    await setState('fenced');
    await expect(client.query(insert)).rejects.toMatchObject({ code: 'SH002' });
    expect((await client.query('DELETE FROM outbox')).rowCount).toBe(1);
  });

  it('can neither be passed nor lifted by the role of a service', async () => {
    const client = await connect();
    for (const attempt of [
      'TRUNCATE visits',
      'SET session_replication_role = replica',
      'ALTER TABLE customers DISABLE TRIGGER ALL',
      `UPDATE sharding.bucket_owner SET state = 'owned'`,
      'DELETE FROM sharding.tables',
      'DROP FUNCTION sharding.guard() CASCADE',
    ]) {
      await expect(client.query(attempt)).rejects.toMatchObject({ code: '42501' });
    }
    const owner = await connect('a', 'adminUrl');
    await expect(owner.query('TRUNCATE visits')).rejects.toMatchObject({ code: 'SH004' });
  });

  it('is not put under roles and tables that would get round it', async () => {
    const owner = await connect('a', 'adminUrl');
    await expect(owner.query(`SELECT sharding.grant_service('postgres')`)).rejects.toMatchObject({ code: 'SH004' });
    const tables = {
      'CREATE TABLE odd (id uuid PRIMARY KEY)': 'plain column',
      'CREATE TABLE odd (bucket smallint NOT NULL, id uuid PRIMARY KEY)': 'starts with "bucket"',
      'CREATE TABLE odd (id int, bucket smallint NOT NULL GENERATED ALWAYS AS (1) STORED, PRIMARY KEY (bucket, id))':
        'plain column',
      'CREATE TABLE odd (bucket smallint, id int, sku text REFERENCES products, PRIMARY KEY (bucket, id))':
        'must contain "bucket"',
    };
    for (const [create, reason] of Object.entries(tables)) {
      await owner.query('BEGIN');
      await owner.query(create);
      const register = owner.query(`SELECT sharding.register_table('odd', 'moved', NULL)`);
      await expect(register).rejects.toThrow(reason);
      await owner.query('ROLLBACK');
    }
  });

  it('is installed twice without harm, and never over another shard', async () => {
    const { adminUrl = '' } = cluster.shards.get('a') ?? {};
    const again = { url: adminUrl, keyspace: KEYSPACE, tables: [] };
    await Promise.all([installShard({ ...again, shard: 'a' }), installShard({ ...again, shard: 'a' })]);
    await expect(installShard({ ...again, shard: 'b' })).rejects.toThrow('leads to shop/a');
  });
});
