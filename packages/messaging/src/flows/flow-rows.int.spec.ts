import { COUNTER_TABLES } from '../../test/support/counter.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { trade } from '../../test/support/trade.js';
import { newId } from '../protocol/ids.js';
import { admitFlow, finishFlow, postponeFlow, purgeFlows, takeFlows, type FlowRequest } from './flow-rows.js';

const LEASES = { sellForSure: 7 };

describe('rows of durable flows', () => {
  let db: TestMessagingDatabase;
  beforeEach(async () => {
    db = await messagingDatabase({ tables: COUNTER_TABLES });
  });
  afterEach(() => db.drop());

  const tx = <T>(work: Parameters<typeof db.database.transaction<T>>[1]): Promise<T> =>
    db.database.transaction(0, work);
  const request = (more: Partial<FlowRequest> = {}): FlowRequest => ({
    bucket: 0,
    id: newId(),
    operation: trade.sellForSure,
    key: 'a',
    bodyText: '{"name":"a","by":1}',
    caller: { kind: 'guest', customerId: newId() },
    traceparent: '00-a-b-01',
    ...more,
  });
  const take = (leases: Record<string, number> = LEASES, contractVersion = 1) =>
    tx((sql) => takeFlows(sql, { leases, contractVersion }, 10, false));
  const admit = (flow: FlowRequest) => tx((sql) => admitFlow(sql, flow, 7));
  const makeDue = () => db.database.server(0).rows(`UPDATE flows SET due_at = now() - interval '1 second'`);
  const ok = { ok: true, body: '{}' };

  it('are taken up when their time is over, by one clone, as they were kept', async () => {
    const flow = request();
    expect(await admit(flow)).toMatchObject({ isSame: true, status: 'running', attempt: 1 });
    expect(await take()).toEqual([]);
    await makeDue();
    const [first, second] = await Promise.all([take(), take()]);
    const { id, key, bodyText, caller, traceparent } = flow;
    expect([...first, ...second]).toMatchObject([{ id, key, bodyText, caller, traceparent, attempt: 2 }]);
    expect(await take()).toEqual([]);
  });

  it('are left by a clone that does not know them to one that does', async () => {
    await admit(request({ operation: { ...trade.sellForSure, since: 2 } }));
    await makeDue();
    expect(await take({ other: 7 }, 2)).toEqual([]);
    expect(await take(LEASES, 1)).toEqual([]);
    expect(await take(LEASES, 2)).toHaveLength(1);
  });

  it('are not postponed by a run behind which another began', async () => {
    const { id } = request();
    const flow = request({ id });
    await admit(flow);
    await admit(flow);
    await tx((sql) => postponeFlow(sql, { bucket: 0, id, attempt: 1 }, 0, 'late'));
    expect(await take()).toEqual([]);
    await tx((sql) => postponeFlow(sql, { bucket: 0, id, attempt: 2 }, 0, 'in time'));
    expect(await take()).toMatchObject([{ reason: 'in time', attempt: 3 }]);
  });

  it('keep the reply of the run that ends first', async () => {
    const flow = request();
    await admit(flow);
    const run = { bucket: 0, id: flow.id, attempt: 1 };
    expect(await tx((sql) => finishFlow(sql, run, ok))).toEqual(ok);
    expect(await tx((sql) => finishFlow(sql, run, { ok: false, body: '{"code":"X"}' }))).toEqual(ok);
    await makeDue();
    expect(await take()).toEqual([]);
  });

  it('go with a customer who is erased: those that ended at once, the others behind their end', async () => {
    const [ended, running, others, eraser] = [request(), request(), request({ key: 'b' }), request()];
    await Promise.all([ended, running, others, eraser].map(admit));
    const finish = ({ id }: FlowRequest) => tx((sql) => finishFlow(sql, { bucket: 0, id, attempt: 1 }, ok));
    await finish(ended);
    await tx((sql) => purgeFlows(sql, { bucket: 0, key: 'a' }, eraser.id));
    const left = await db.database
      .server(0)
      .rows<{ id: string; forgotten: boolean }>('SELECT flow_id AS id, is_forgotten AS forgotten FROM flows');
    expect(Object.fromEntries(left.map(({ id, forgotten }) => [id, forgotten]))).toEqual({
      [running.id]: true,
      [eraser.id]: false,
      [others.id]: false,
    });
    await finish(running);
    const [purgeable] = await db.database
      .server(0)
      .rows<{ count: number }>(`SELECT count(*)::int AS count FROM flows WHERE ended_at < now() - interval '48 hours'`);
    expect(purgeable?.count).toBe(1);
  });
});
