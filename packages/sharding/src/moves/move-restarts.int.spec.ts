import { eventually, PostgresServers } from '@stoa/testing';
import { KEYSPACE, makeCluster, type Cluster } from '../../test/cluster.js';
import { mover, range, underLoad } from '../../test/fixtures.js';
import type { Step } from '../move-steps/phases.js';
import { verify } from '../verification/verify.js';

const BUCKETS = range(600, 8);
const MOMENTS: readonly Step[] = ['wait for copy', 'drain queues', 'switch', 'activate destination', 'purge'];

describe('a move whose servers are killed and started again', () => {
  let servers: PostgresServers;
  let cluster: Cluster;

  beforeAll(async () => {
    servers = await PostgresServers.start(3);
    cluster = await makeCluster([0, 1, 2].map((index) => servers.url(index)));
  });
  afterAll(() => servers.stop());

  // The directory is on the first server, which has no shard of the move.
  it.each([
    ['source', 1],
    ['destination', 2],
    ['directory', 0],
  ])(
    'goes on when it was the %s, in every phase',
    async (_, index) => {
      const report = await underLoad(cluster, { buckets: BUCKETS, writers: 3, pauseMs: 15 }, async (load) => {
        for (const moment of MOMENTS) {
          let killed = false;
          const patient = mover(cluster, async (step, when) => {
            if (killed || step !== moment || when !== 'before') return;
            killed = true;
            await servers.kill(index);
            await servers.startAgain(index);
          });
          const id = await patient.planMove({ keyspace: KEYSPACE, buckets: BUCKETS, from: 'b', to: 'c' });
          expect(await patient.runMove(id)).toMatchObject({ phase: 'done' });
          expect(killed).toBe(true);
          expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ findings: [] });
          expect(await mover(cluster).runMove(await mover(cluster).reverseMove(id))).toMatchObject({ phase: 'done' });
        }
        await load.reaches(100);
      });
      expect(report).toMatchObject({ lost: 0, doubled: 0, stale: 0, disordered: 0, failures: [] });
    },
    300_000,
  );

  it('copies again where a destination can never finish, because it died between dropping a slot and recording it', async () => {
    const steps: Step[] = [];
    const report = await underLoad(cluster, { buckets: BUCKETS, writers: 3, pauseMs: 15 }, async () => {
      const watched = mover(cluster, async (step, when) => {
        if (when === 'before') steps.push(step);
        if (step !== 'wait for copy' || when !== 'before' || steps.filter((one) => one === step).length > 1) return;
        // The state after such a death: the rows are copied, the slot is dropped, and the table is not recorded as
        // done.
        const states = `SELECT srsubstate AS state FROM pg_subscription_rel`;
        await eventually(async () => {
          const tables = await cluster.admin<{ state: string }>('c', states);
          expect(new Set(tables.map(({ state }) => state))).toEqual(new Set(['r']));
        });
        const undo = `UPDATE pg_subscription_rel SET srsubstate = 'f', srsublsn = NULL WHERE srrelid = 'orders'::regclass`;
        await cluster.admin('c', undo);
      });
      const id = await watched.planMove({ keyspace: KEYSPACE, buckets: BUCKETS, from: 'b', to: 'c' });
      expect(await watched.runMove(id)).toMatchObject({ phase: 'done', info: { comparison: 'equal' } });
      expect(await mover(cluster).runMove(await mover(cluster).reverseMove(id))).toMatchObject({ phase: 'done' });
    });
    expect(steps.filter((step) => step === 'create subscription')).toHaveLength(2);
    expect(report).toMatchObject({ lost: 0, doubled: 0, stale: 0, disordered: 0, failures: [] });
    expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ findings: [] });
  });

  it('is aborted cleanly after the destination was unavailable', async () => {
    const id = await mover(cluster).planMove({ keyspace: KEYSPACE, buckets: BUCKETS, from: 'b', to: 'c' });
    const dying = mover(cluster, (step, when) => {
      if (step === 'make destination ready' && when === 'before') throw new Error('killed');
    });
    await expect(dying.runMove(id)).rejects.toThrow('killed');
    await servers.kill(2);
    // Writers don't wait for an unavailable destination.
    const owners = `SELECT DISTINCT state FROM sharding.bucket_owner WHERE bucket = ANY ($1)`;
    expect(await cluster.admin('b', owners, [BUCKETS])).toEqual([{ state: 'owned' }]);
    const aborted = mover(cluster).abortMove(id);
    await servers.startAgain(2);
    expect(await aborted).toMatchObject({ phase: 'aborted' });
    expect(await verify(cluster.directoryUrl, KEYSPACE)).toMatchObject({ findings: [] });
  });
});
