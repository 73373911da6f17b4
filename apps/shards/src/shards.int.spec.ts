import { newId } from '@stoa/messaging';
import { ServiceUnderTest, type OperationName } from '@stoa/messaging/testing';
import { knownShards, onDirectory } from '@stoa/sharding';
import { shards as contract } from '@stoa/shards-contract';
import { eventually, type Clone } from '@stoa/testing';
import { ShardsStack } from '../test/shards-stack.js';

type Operation = OperationName<typeof contract>;
interface Reply {
  readonly ok: boolean;
  readonly body: Record<string, unknown> & { readonly id: string };
}

let stack: ShardsStack;
let service: ServiceUnderTest<typeof contract>;
let clones: Clone[];

beforeAll(async () => {
  stack = await ShardsStack.start();
  await stack.shards(`add ${stack.serverUrl(2)}`);
  service = await ServiceUnderTest.open(contract);
  const env = { DIRECTORY_ADMIN_URL: stack.directoryUrl };
  clones = await Promise.all([service.startClone(env), service.startClone(env)]);
});
afterAll(async () => {
  await service.stop();
  await stack.stop();
});

const operator = { kind: 'operator', customerId: newId() } as const;
const ask = (operation: Operation, input: object, id = newId()): Promise<Reply> =>
  service.ask<Reply['body']>(operation, input, operator, { id, budgetMs: 15_000 });

const reaches = (operation: Operation, id: string, wanted: object) =>
  eventually(async () => expect((await ask(operation, { id })).body).toMatchObject(wanted));

it('reports shards, where a customer is, and what a rebalance would do', async () => {
  expect((await ask('getShards', {})).body).toMatchObject({
    keyspaces: [{ keyspace: 'cart', unplaced: 0 }],
    shards: [
      { shard: 'shard1', buckets: 512 },
      { shard: 'shard2' },
      { shard: 'shard3', buckets: 0, health: { rows: 0 } },
    ],
    moves: [],
  });
  const customer = newId();
  const where = await ask('whereIsCustomer', { customer });
  expect(where.body).toMatchObject({ customerId: customer, places: [{ keyspace: 'cart', state: 'owned', epoch: 1 }] });
  expect(await ask('whereIsCustomer', { customer: 'nobody' })).toMatchObject({
    ok: false,
    body: { code: 'NOT_FOUND' },
  });
  const plan = await ask('planRebalance', { by: 'rows', groupBuckets: 256 });
  expect(plan.body).toMatchObject({ buckets: 340, unfinished: [], moves: [{ to: 'shard3' }, { to: 'shard3' }] });
  const refused = await ask('planRebalance', { by: 'rows', drain: 'shard9', groupBuckets: 1 });
  expect(refused.body).toMatchObject({
    code: 'REFUSED',
    detail: 'There is no shard shard9; there are shard1, shard2, shard3',
  });
});

it('does a rebalance once, however often the command comes, and goes on when a clone is killed', async () => {
  const id = newId();
  const input = { by: 'bytes', groupBuckets: 32, parallel: 2 };
  const [first, second] = [await ask('startRebalance', input, id), await ask('startRebalance', input, id)];
  expect(first).toMatchObject({
    ok: true,
    body: { kind: 'rebalance', requestedBy: expect.stringMatching(/^operator /) },
  });
  expect(second.body.id).toBe(first.body.id);
  const worker = await eventually(() => {
    const found = clones.findIndex((clone) => clone.logs().includes('run started'));
    expect(found).toBeGreaterThanOrEqual(0);
    return found;
  });
  await eventually(async () => expect((await ask('getShards', {})).body['moves']).not.toEqual([]));
  const [killed] = clones.splice(worker, 1);
  await killed?.kill();
  await reaches('getRun', first.body.id, { state: 'done' });
  expect((await ask('listRuns', { limit: 10 })).body).toMatchObject({ items: [{ id: first.body.id, state: 'done' }] });
  const verification = await ask('startVerification', {});
  await reaches('getRun', verification.body.id, { state: 'done', findings: [] });
});

it('moves buckets, reverses, and refuses what can not be', async () => {
  const request = { keyspace: 'cart', buckets: [400, 401], from: 'shard1', to: 'shard2' };
  const moved = await ask('moveBuckets', request);
  expect(moved).toMatchObject({ ok: true, body: { phase: 'planned', buckets: [400, 401], paused: false } });
  await reaches('getMove', moved.body.id, { phase: 'done', comparison: 'equal', writesWaitedMs: expect.any(Number) });
  expect((await ask('moveBuckets', request)).body).toMatchObject({
    code: 'REFUSED',
    detail: expect.stringContaining('is on shard2'),
  });
  const back = await ask('reverseMove', { id: moved.body.id });
  await reaches('getMove', back.body.id, { phase: 'done', from: 'shard2', to: 'shard1' });
  expect((await ask('abortMove', { id: back.body.id })).body).toMatchObject({ code: 'REFUSED' });
  expect((await ask('reconcileShard', { shard: 'shard1' })).body).toMatchObject({
    keyspaces: [{ keyspace: 'cart', released: [] }],
  });
  expect((await ask('purgeOrphans', { shard: 'shard1', dryRun: false })).body).toEqual({
    shard: 'shard1',
    keyspaces: [{ keyspace: 'cart', orphans: [], purged: 0 }],
  });
  expect((await ask('purgeOrphans', { shard: 'shard9' })).body).toMatchObject({ code: 'REFUSED' });
  expect((await ask('reconcileShard', { shard: 'shard9' })).body).toMatchObject({ code: 'REFUSED' });
  expect((await ask('pauseMove', { id: newId() })).body).toMatchObject({ code: 'NOT_FOUND' });
  expect((await ask('listMoves', { keyspace: 'cart', limit: 2 })).body).toMatchObject({
    items: [{ id: back.body.id }, { id: moved.body.id }],
  });
});

it('drains a shard and forgets it only when it is empty', async () => {
  expect((await ask('removeShard', { shard: 'shard3' })).body).toMatchObject({ code: 'REFUSED' });
  const run = await ask('startDrain', { shard: 'shard3', groupBuckets: 256, parallel: 2 });
  await reaches('getRun', run.body.id, { state: 'done', shard: 'shard3' });
  expect((await ask('endDrain', { shard: 'shard3' })).body).toMatchObject({ keyspaces: ['cart'] });
  expect((await ask('removeShard', { shard: 'shard3' })).body).toMatchObject({ shard: 'shard3', keyspaces: ['cart'] });
  expect((await ask('startDrain', { shard: 'shard3', groupBuckets: 1, parallel: 1 })).body).toMatchObject({
    code: 'REFUSED',
  });
});

it('undoes nothing when a command comes again long after its reply', async () => {
  const known = () => onDirectory(stack.directoryUrl, (directory) => knownShards(directory, ['cart']));
  const shard = async (name: string) => (await known()).find((each) => each.shard === name);
  await stack.shards(`add ${stack.serverUrl(2)} --name shard3`);
  const { url, adminUrl } = (await shard('shard3'))!;
  const [removal, addition, ending] = [newId(), newId(), newId()];
  await ask('removeShard', { shard: 'shard3' }, removal);
  expect(await shard('shard3')).toBeUndefined();
  await ask('addShard', { keyspace: 'cart', shard: 'shard3', url, adminUrl }, addition);
  await ask('endDrain', { shard: 'shard3' }, ending);
  const run = await ask('startDrain', { shard: 'shard3', groupBuckets: 256, parallel: 1 });
  await reaches('getRun', run.body.id, { state: 'done' });
  expect((await ask('removeShard', { shard: 'shard3' }, removal)).body).toMatchObject({ keyspaces: ['cart'] });
  expect((await ask('endDrain', { shard: 'shard3' }, ending)).body).toMatchObject({ keyspaces: ['cart'] });
  expect(await shard('shard3')).toMatchObject({ draining: true });
  await ask('removeShard', { shard: 'shard3' });
  await ask('addShard', { keyspace: 'cart', shard: 'shard3', url, adminUrl }, addition);
  expect(await shard('shard3')).toBeUndefined();
});

it('connects to allowed hosts only, and has one answer for whatever did not connect', async () => {
  const add = async (adminUrl: string): Promise<unknown> =>
    (await ask('addShard', { keyspace: 'cart', shard: 'shard9', url: adminUrl, adminUrl })).body['detail'];
  expect(await add('postgres://x:secret@localhost/cart')).toMatch(/^url has the host localhost/);
  expect(await add('postgres://x:secret@127.0.0.1/cart?host=localhost')).toMatch(/^url has a parameter/);
  const wrongPassword = new URL('/cart', stack.serverUrl(2));
  wrongPassword.password = 'wrong';
  const unknownDatabase = new URL('/nothing', stack.serverUrl(2));
  const replies = await Promise.all(
    ['postgres://x:y@127.0.0.1:1/cart', wrongPassword.href, unknownDatabase.href].map(add),
  );
  expect(new Set(replies)).toEqual(new Set([expect.stringContaining('adminUrl: no connection')]));
});
