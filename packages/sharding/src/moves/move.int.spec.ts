import { eventually, PostgresServers } from '@stoa/testing';
import { Client } from 'pg';
import { KEYSPACE, makeCluster, type Cluster } from '../../test/cluster.js';
import { idIn } from '../../test/rows.js';
import type { Load } from '../../test/load.js';
import { mover, range, underLoad, GENEROUS_LIMITS } from '../../test/fixtures.js';
import type { Step } from '../move-steps/phases.js';
import { verify } from '../verification/verify.js';

const CLEAN = { lost: 0, doubled: 0, stale: 0, disordered: 0, failures: [] };

describe('a move', () => {
  let servers: PostgresServers;
  let cluster: Cluster;

  beforeAll(async () => {
    servers = await PostgresServers.start(3);
  });
  beforeEach(async () => {
    cluster = await makeCluster([0, 1, 2].map((index) => servers.url(index)));
  });
  afterAll(() => servers.stop());

  const plan = (buckets: readonly number[], from: string, to: string) =>
    mover(cluster).planMove({ keyspace: KEYSPACE, buckets, from, to });
  const move = async (buckets: readonly number[], from: string, to: string) => {
    const id = await plan(buckets, from, to);
    return mover(cluster).runMove(id);
  };

  it.each(['read committed', 'repeatable read'])(
    'loses nothing, doubles nothing and keeps the order of events while writers write, under %s',
    async (level) => {
      for (const [shard, { url }] of cluster.shards) {
        await cluster.admin(
          shard,
          `ALTER ROLE ${new URL(url).username} SET default_transaction_isolation = '${level}'`,
        );
      }
      const buckets = range(0, 64);
      const report = await underLoad(cluster, { buckets, writers: 12 }, async (load) => {
        for (const [from, to] of ['ab', 'bc', 'ca'].map((way) => [...way])) {
          const done = await move(buckets, from ?? '', to ?? '');
          expect(done).toMatchObject({ phase: 'done', info: { comparison: 'equal' } });
        }
        await load.reaches(200);
      });
      expect(report).toMatchObject(CLEAN);
      expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ ok: true, findings: [], moving: [] });
    },
    180_000,
  );

  describe('of buckets whose writers hear nothing of it', () => {
    const buckets = range(0, 64);
    const options = { buckets, writers: 12, queue: false, reads: false, withoutDirectory: true };
    const moveSlowly = async (load: Load, acceptDifference: boolean) => {
      // Writes go on for a while in the most delicate moments.
      const slow = mover(cluster, async (step, when) => {
        if (when === 'after' || !['switch', 'compare rows', 'drop publication'].includes(step)) return;
        // A closed fence lets no more of them through than there are writers; an open one is given the time it needs.
        const { attempts } = load;
        const through = () => expect(load.attempts).toBeGreaterThan(attempts + 12);
        await eventually(through, { timeoutMs: acceptDifference ? 20_000 : 300 }).catch(() => undefined);
      });
      const id = await plan(buckets, 'a', 'b');
      if (!acceptDifference) return slow.runMove(id);
      await expect(slow.runMove(id)).rejects.toThrow('differs between a and b');
      await expect(slow.runMove(id)).rejects.toThrow('were found to differ');
      return slow.runMove(id, { acceptDifference });
    };

    it('loses nothing', async () => {
      const report = await underLoad(cluster, options, async (load) => {
        expect(await moveSlowly(load, false)).toMatchObject({ phase: 'done', info: { comparison: 'equal' } });
      });
      expect(report).toMatchObject(CLEAN);
    });

    it('loses writes when the fence is open, so the check of all these tests can see a loss', async () => {
      const open = `CREATE OR REPLACE FUNCTION sharding.hold(wanted smallint) RETURNS void LANGUAGE plpgsql AS
        $$ BEGIN END $$`;
      for (const shard of cluster.shards.keys()) await cluster.admin(shard, open);
      const report = await underLoad(cluster, options, async (load) => {
        expect(await moveSlowly(load, true)).toMatchObject({ phase: 'done', info: { comparison: 'different' } });
      });
      expect(report.lost).toBeGreaterThan(0);
    });
  });

  it('runs beside moves from other sources to the same destination, and opposite ones', async () => {
    const [fromA, fromB, toA] = [range(0, 32), range(600, 32), range(700, 32)];
    const report = await underLoad(
      cluster,
      { buckets: [...fromA.slice(0, 8), ...fromB.slice(0, 8), ...toA.slice(0, 8)], writers: 6 },
      async () => {
        const moves = await Promise.all([move(fromA, 'a', 'c'), move(fromB, 'b', 'c'), move(toA, 'b', 'a')]);
        expect(moves.map(({ phase }) => phase)).toEqual(['done', 'done', 'done']);
      },
    );
    expect(report).toMatchObject(CLEAN);
    expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ findings: [] });
  });

  it('leaves nothing over: no slot, publication, subscription, origin, marker or attempt', async () => {
    const id = await plan([1, 2], 'a', 'b');
    await mover(cluster).runMove(id);
    for (const shard of ['a', 'b']) {
      const [left] = await cluster.admin(
        shard,
        `SELECT (SELECT count(*) FROM pg_publication) AS publications,
          (SELECT count(*) FROM pg_subscription WHERE subname LIKE '%' || replace($1, '-', '') || '%') AS subscriptions,
          (SELECT count(*) FROM pg_replication_slots WHERE database = current_database()) AS slots,
          (SELECT count(*) FROM pg_replication_origin WHERE roname LIKE '%' || replace($1, '-', '') || '%') AS origins,
          (SELECT count(*) FROM sharding.markers) AS markers, (SELECT count(*) FROM sharding.attempts) AS attempts,
          (SELECT count(*) FROM sharding.bucket_owner WHERE move_id IS NOT NULL) AS reserved`,
        [id],
      );
      const zero = '0';
      expect(left).toEqual({
        publications: zero,
        subscriptions: zero,
        slots: zero,
        origins: zero,
        markers: zero,
        attempts: zero,
        reserved: zero,
      });
    }
  });

  it('can be reversed when it is done, and aborted before the switch only', async () => {
    const id = await plan([3], 'a', 'b');
    await expect(mover(cluster).reverseMove(id)).rejects.toThrow('only one that is done');
    await mover(cluster).runMove(id);
    await expect(mover(cluster).abortMove(id)).rejects.toThrow('it can only be reversed');
    const back = await mover(cluster).reverseMove(id);
    expect(await mover(cluster).runMove(back)).toMatchObject({ phase: 'done', source: 'b', destination: 'a' });
    const given = await plan([3], 'a', 'b');
    expect(await mover(cluster).abortMove(given)).toMatchObject({ phase: 'aborted' });
    expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ findings: [] });
  });

  it('brings numbers along that the destination then never gives out again', async () => {
    const id = idIn(4);
    for (let n = 0; n < 50; n += 1) await cluster.admin('a', 'INSERT INTO visits (customer_id) VALUES ($1)', [id]);
    await move([4], 'a', 'b');
    const [next] = await cluster.admin<{ id: string }>(
      'b',
      'INSERT INTO visits (customer_id) VALUES ($1) RETURNING id',
      [id],
    );
    expect(Number(next?.id)).toBe(51);
  });

  it('moves a customer of 10,000 rows', async () => {
    const id = idIn(5);
    await cluster.admin('a', `INSERT INTO customers (id, name) VALUES ($1, 'big')`, [id]);
    await cluster.admin(
      'a',
      'INSERT INTO orders (id, customer_id, amount) SELECT gen_random_uuid(), $1, n FROM generate_series(1, 10000) AS n',
      [id],
    );
    expect(await move([5], 'a', 'b')).toMatchObject({ info: { comparison: 'equal', rows: 10_001 } });
    expect(await cluster.admin('a', 'SELECT count(*) FROM orders')).toEqual([{ count: '0' }]);
  });

  it('lifts the fence again while a writer does not end or a queue is not drained', async () => {
    await cluster.admin('a', `INSERT INTO outbox (bucket, key, version) VALUES (6, 'k', 1)`);
    const id = await plan([6], 'a', 'b');
    let fences = 0;
    const done = await mover(
      cluster,
      async (step, when) => {
        if (step === 'drain queues' && when === 'before') fences += 1;
        if (step === 'catch up' && when === 'before' && fences === 2) await cluster.admin('a', 'DELETE FROM outbox');
      },
      GENEROUS_LIMITS,
    ).runMove(id);
    expect(done).toMatchObject({ phase: 'done', info: { fenceRetries: 2 } });
    expect(fences).toBe(3);
  });

  it('does not switch while a table is copied again, as after a crash that lost the end of the copy', async () => {
    const id = idIn(6);
    await cluster.admin('a', `INSERT INTO customers (id, name) VALUES ($1, 'Ada')`, [id]);
    await cluster.admin('a', 'INSERT INTO orders (id, customer_id, amount) VALUES ($1, $1, 1)', [id]);
    const crash = new Client({ connectionString: cluster.shards.get('b')?.adminUrl ?? '' });
    const holdUp = new Client({ connectionString: cluster.shards.get('b')?.adminUrl ?? '' });
    await Promise.all([crash.connect(), holdUp.connect()]);
    await holdUp.query('BEGIN');
    let fences = 0;
    const onStep = async (step: Step, when: 'before' | 'after'): Promise<void> => {
      if (when === 'after') return;
      if (step === 'fence' && (fences += 1) === 1) {
        await crash.query('BEGIN');
        await crash.query('SET LOCAL session_replication_role = replica');
        await crash.query('DELETE FROM orders');
        await crash.query(
          `UPDATE pg_subscription_rel SET srsubstate = 'i', srsublsn = NULL WHERE srrelid = 'orders'::regclass`,
        );
        // Waits for the transaction above, and the copy for this one.
        const locked = holdUp.query('LOCK TABLE orders IN SHARE MODE');
        const waits = `SELECT FROM pg_locks WHERE relation = 'orders'::regclass AND NOT granted`;
        await eventually(async () => expect(await cluster.admin('b', waits)).toHaveLength(1));
        await crash.query('COMMIT');
        await locked;
      }
      if (step === 'catch up' && fences === 1) await holdUp.query('ROLLBACK');
    };
    const done = await mover(cluster, onStep, GENEROUS_LIMITS).runMove(await plan([6], 'a', 'b'));
    await Promise.all([crash.end(), holdUp.end()]);
    expect(done).toMatchObject({ phase: 'done', info: { comparison: 'equal', rows: 2, fenceRetries: 1 } });
  });

  it('does not fence before the destination knows as much of other services', async () => {
    let asked = 0;
    const { Mover } = await import('./mover.js');
    const caughtUp = () => Promise.resolve((asked += 1) >= 3);
    const patient = new Mover({ directoryUrl: cluster.directoryUrl, hooks: { caughtUp } });
    await patient.runMove(await plan([7], 'a', 'b'));
    expect(asked).toBeGreaterThanOrEqual(3); // it asks again when the fence could not be closed in time
  });

  it('is refused before anything changes when both sides have not the same tables', async () => {
    await cluster.admin('b', 'ALTER TABLE customers ADD COLUMN email text');
    const id = await plan([8], 'a', 'b');
    await expect(mover(cluster).runMove(id)).rejects.toThrow('bring both to the same migration');
    expect(await mover(cluster).readMove(id)).toMatchObject({ phase: 'planned' });
    await mover(cluster).abortMove(id);
    expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ findings: [] });
  });

  it('is stopped by the comparison when a row got lost on its way', async () => {
    await cluster.admin('a', `INSERT INTO customers (id, name) VALUES ($1, 'Ada')`, [idIn(9)]);
    const id = await plan([9], 'a', 'b');
    const bad = mover(cluster, async (step, when) => {
      if (step !== 'wait for marker' || when !== 'after') return;
      await cluster.admin(
        'b',
        `DO $$ BEGIN SET LOCAL session_replication_role = replica; DELETE FROM customers; END $$`,
      );
    });
    await expect(bad.runMove(id)).rejects.toThrow('customers differs between a and b in bucket 9');
    expect(await cluster.admin('a', 'SELECT count(*) FROM customers')).toEqual([{ count: '1' }]);
  });
});
