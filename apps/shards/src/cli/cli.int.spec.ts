import { bucketOf } from '@stoa/sharding/testing';
import { clusterStatus, Mover } from '@stoa/sharding';
import { eventually } from '@stoa/testing';
import { ShardsStack } from '../../test/shards-stack.js';

let stack: ShardsStack;
let customers: string[];

beforeAll(async () => {
  stack = await ShardsStack.start();
  customers = await stack.fillCarts(400);
});
afterAll(() => stack.stop());

const ROWS = 400;
/** Runs a command with --json, which writes one document and nothing else. */
const json = async <T>(line: string): Promise<T> => {
  const { code, out, err } = await stack.shards(`${line} --json`);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as T;
};
const buckets = async (): Promise<Record<string, number>> => {
  const { shards } = await clusterStatus(stack.directoryUrl);
  return Object.fromEntries(shards.map(({ shard, buckets: held }) => [shard, held]));
};
const verified = async (): Promise<void> => {
  const { ok, keyspaces } = await json<{ ok: boolean; keyspaces: { rows: Record<string, number> }[] }>('verify');
  expect(ok).toBe(true);
  expect(Object.values(keyspaces[0]?.rows ?? {}).reduce((sum, rows) => sum + rows, 0)).toBe(ROWS);
};

it.each([
  ['rebalanse', 'there is no command "rebalanse"'],
  ['drain', 'drain needs an argument: npm run shards -- drain SHARD'],
  ['move --to shard2', 'move needs all of these'],
  ['add', 'add needs an argument'],
  ['add nonsense', 'The server is no URL such as postgres://'],
  ['add postgres://x:secret@127.0.0.1:1', 'No connection to 127.0.0.1:1: connect ECONNREFUSED'],
  ['add --local', 'no stack runs on this machine'],
  ['drain shard9', 'There is no shard shard9; there are shard1, shard2'],
  ['remove shard1', 'shard1 holds 512 buckets of cart: drain it first'],
  ['rebalance --keyspace carts', 'There is no keyspace carts; there are cart'],
  ['drain shard1 --keep-free 99999999', 'cart/shard2: not enough disk'],
  ['move --keyspace cart --buckets 0 --from shard2 --to shard1', 'Bucket 0 of cart is on shard1, not on shard2'],
  ['abort 1', `"1" is no move's id`],
  ['abort all', 'No move is under way'],
  ['reverse 01900000-0000-7000-8000-000000000000', 'There is no move 01900000-0000-7000-8000-000000000000'],
  ['where nobody', `No customer "nobody": it is neither a customer's id nor an e-mail address`],
  ['where ada@example.com', 'No keyspace knows e-mail addresses'],
])('"%s" gets one line, and nothing is done', async (line, message) => {
  const { code, out, err } = await stack.shards(line);
  expect(err).toMatch(/^shards: [^\n]*\n$/);
  expect(err).toContain(message);
  expect(err).not.toContain('secret');
  expect(out).toBe('');
  expect(code).not.toBe(0);
  expect(await buckets()).toEqual({ shard1: 512, shard2: 512 });
});

it('says where the directory should be', async () => {
  const unset = await stack.shards('status', { DIRECTORY_ADMIN_URL: '' });
  expect(unset).toMatchObject({ code: 2, out: '', err: expect.stringContaining('DIRECTORY_ADMIN_URL is not set') });
  const wrong = await stack.shards('status', { DIRECTORY_ADMIN_URL: 'localhost' });
  expect(wrong).toMatchObject({ code: 2, out: '', err: expect.stringContaining('DIRECTORY_ADMIN_URL is no URL') });
  const unavailable = await stack.shards('status', {
    DIRECTORY_ADMIN_URL: 'postgres://a:secret@127.0.0.1:1/directory',
  });
  expect(unavailable.code).toBe(2);
  expect(unavailable.err).toMatch(/^shards: No connection to the directory: connect ECONNREFUSED 127\.0\.0\.1:1\n$/);
  const other = await stack.shards('status', { DIRECTORY_ADMIN_URL: stack.serverUrl(2) });
  expect(other.err).toMatch(/^shards: There is no shard directory at 127\.0\.0\.1:\d+\/postgres\n$/);
});

it('shows what there is, for people and for programs', async () => {
  const { code, out } = await stack.shards('status');
  expect(code).toBe(0);
  expect(out).toMatch(/cart \(map version \d+\)/);
  expect(out).toMatch(/shard1 {2}█+░+ +512 +\d+ +\d+ kB +\d+\/200 +0 {2}127\.0\.0\.1:\d+\/cart/);
  expect(out).toContain('No move is under way.');
  expect(await json('status')).toMatchObject({
    keyspaces: [{ keyspace: 'cart', unplaced: 0 }],
    shards: [
      {
        keyspace: 'cart',
        shard: 'shard1',
        buckets: 512,
        health: { rows: expect.any(Number), slots: [] },
        problem: null,
      },
      { keyspace: 'cart', shard: 'shard2', buckets: 512, health: { bytes: expect.any(Number) }, problem: null },
    ],
    moves: [],
  });
  const [customer = ''] = customers;
  const shard = bucketOf(customer) < 512 ? 'shard1' : 'shard2';
  expect(await json(`where ${customer.toUpperCase()}`)).toEqual({
    customerId: customer,
    places: [
      { keyspace: 'cart', bucket: bucketOf(customer), shard, epoch: 1, state: 'owned', move: null, problem: null },
    ],
  });
});

it('finds nothing to reconcile on a server that is in the history it was in', async () => {
  const { code, out } = await stack.shards('reconcile shard1');
  expect([code, out]).toEqual([0, 'cart/shard1 is in the history it was in (00000001): nothing to do.\n']);
  const shown = await json('reconcile shard2 --dry-run');
  expect(shown).toMatchObject({ dryRun: true, keyspaces: [{ keyspace: 'cart', shard: 'shard2', released: [] }] });
  const { err } = await stack.shards('reconcile shard9');
  expect(err).toBe('shards: There is no shard shard9; there are shard1, shard2\n');
});

it('shows orphaned rows, and deletes them only with --yes', async () => {
  const table = 'public.carts';
  const [cart = ''] = customers.filter((id) => bucketOf(id) > 511);
  await stack.plantOrphan(0, cart);
  expect((await stack.shards('status')).out).toContain('(1 orphaned row of 1 bucket: see purge-orphans)');
  const line = `cart/shard1: ${table} holds 1 row of 1 bucket (${bucketOf(cart)}) that is elsewhere\n`;
  for (const words of ['purge-orphans', 'purge-orphans shard1 --yes --dry-run']) {
    const { code, out } = await stack.shards(words);
    expect([code, out]).toEqual([0, `${line}Nothing was deleted: --yes deletes them.\n`]);
  }
  expect(await json('purge-orphans shard2 --yes')).toMatchObject({ dryRun: false, shards: [{ purged: 0 }] });
  const { out } = await stack.shards('purge-orphans --yes');
  expect(out).toBe(`${line}cart/shard1: 1 deleted\n`);
  expect((await stack.shards('purge-orphans')).out).toBe('There are no orphaned rows.\n');
  await verified();
});

it('adds a server, whose dry run changes nothing and whose second run neither', async () => {
  const url = stack.serverUrl(2);
  const intended = await json<{ databases: unknown[] }>(`add ${url} --dry-run`);
  const database = { keyspace: 'cart', database: 'cart', role: 'cart' };
  const absent = { databaseExists: false, roleExists: false, known: false };
  expect(intended).toMatchObject({ dryRun: true, shard: 'shard3', databases: [{ ...database, ...absent }] });
  expect(await json(`add ${url} --dry-run`)).toEqual(intended);
  expect(await buckets()).toEqual({ shard1: 512, shard2: 512 });
  const added = await stack.shards(`add ${url}`);
  expect(added).toMatchObject({ code: 0, out: expect.stringContaining('is a shard of cart, and holds nothing yet') });
  expect(await buckets()).toEqual({ shard1: 512, shard2: 512, shard3: 0 });
  const present = { databaseExists: true, roleExists: true, known: true };
  expect(await json(`add ${url}`)).toMatchObject({ shard: 'shard3', databases: [{ ...database, ...present }] });
  expect(JSON.stringify(await json('status'))).not.toContain('postgres://');
});

it('pauses, resumes and aborts a move', async () => {
  const mover = new Mover({ directoryUrl: stack.directoryUrl });
  const id = await mover.planMove({ keyspace: 'cart', buckets: [1, 2], from: 'shard1', to: 'shard3' });
  expect(await json(`pause ${id} --dry-run`)).toMatchObject({ dryRun: true, moves: [{ id, paused: false }] });
  expect(await json(`pause all`)).toMatchObject({ dryRun: false, moves: [{ id, paused: true }] });
  expect((await stack.shards('status')).out).toContain(`${id}  cart shard1 → shard3, 2 buckets (1-2): planned, paused`);
  expect(await json(`abort ${id} --dry-run`)).toMatchObject({ dryRun: true, moves: [{ id }] });
  expect(await json(`abort ${id}`)).toMatchObject({ dryRun: false, moves: [{ id, phase: 'aborted' }] });
  const again = await mover.planMove({ keyspace: 'cart', buckets: [1, 2], from: 'shard1', to: 'shard3' });
  await mover.pauseMove(again);
  expect(await json(`resume ${again} --dry-run`)).toMatchObject({ dryRun: true, moves: [{ id: again }] });
  expect(await json('resume')).toMatchObject({ stopped: false, moves: [{ id: again, phase: 'done' }] });
  expect(await buckets()).toEqual({ shard1: 510, shard2: 512, shard3: 2 });
  expect(await json(`reverse ${again} --dry-run`)).toMatchObject({ dryRun: true, from: 'shard3', to: 'shard1' });
  expect(await json(`reverse ${again}`)).toMatchObject({ move: { source: 'shard3', phase: 'done' } });
  await verified();
});

it('rebalances as its dry run said, and is stopped by Ctrl-C between two moves', async () => {
  const line = 'rebalance --by rows --group 40 --parallel 1';
  const { plan } = await json<{ plan: { buckets: number; moves: unknown[] } }>(`${line} --dry-run`);
  expect(await buckets()).toEqual({ shard1: 512, shard2: 512, shard3: 0 });
  const running = stack.start(line);
  await eventually(() => expect(running.out()).toContain('✓ 1/'));
  running.signal('SIGINT');
  const stopped = await running.ended;
  expect(stopped.code).toBe(1);
  expect(stopped.out).toMatch(
    /Stopped: \d+ of \d+ moves are done\. npm run shards -- rebalance goes on with the rest\.\n$/,
  );
  expect(stopped.err).toContain('Finishing the moves under way');
  await verified();
  const rest = await json<{ plan: { buckets: number; unfinished: unknown[] }; stopped: boolean }>(
    'rebalance --by rows',
  );
  expect(rest).toMatchObject({ dryRun: false, stopped: false, paused: [], plan: { unfinished: [] } });
  expect(rest.plan.buckets).toBeLessThan(plan.buckets);
  expect((await stack.shards('rebalance --by rows')).out).toContain('Nothing else is to be moved.');
  await verified();
});

it('is resumed after kill -9', async () => {
  const running = stack.start('drain shard1 --group 32');
  await eventually(() => expect(running.out()).toContain('✓ 1/'));
  // In the middle of the next one.
  await eventually(async () => expect((await clusterStatus(stack.directoryUrl)).moves.length).toBeGreaterThan(0));
  running.signal('SIGKILL');
  await running.ended;
  const { moves } = await clusterStatus(stack.directoryUrl);
  const { out, code } = await eventually(async () => {
    const drained = await stack.shards('drain shard1');
    // The lock on its plan goes with its session, when the server sees that it is gone.
    expect(drained.err).not.toContain('is under way');
    return drained;
  });
  expect(code).toBe(0);
  if (moves.length > 0) expect(out).toMatch(/\d moves? that (is|are) under way come first/);
  expect(out).toContain('shard1 is empty: npm run shards -- remove shard1 forgets it.');
  expect(await buckets()).toMatchObject({ shard1: 0 });
  await verified();
});

it('keeps a drained shard empty, lets it come back, and removes it', async () => {
  expect(await json('rebalance --dry-run')).toMatchObject({ dryRun: true });
  expect((await stack.shards('status')).out).toContain('(draining)');
  const undone = { shard: 'shard1', draining: false, keyspaces: ['cart'] };
  expect(await json('drain shard1 --undo --dry-run')).toEqual({ dryRun: true, ...undone });
  expect((await stack.shards('status')).out).toContain('(draining)');
  expect(await json('drain shard1 --undo')).toEqual({ dryRun: false, ...undone });
  const { plan } = await json<{ plan: { moves: { to: string }[] } }>('rebalance --dry-run');
  expect(plan.moves.some(({ to }) => to === 'shard1')).toBe(true);
  expect(await json('remove shard1 --dry-run')).toEqual({ dryRun: true, shard: 'shard1', keyspaces: ['cart'] });
  expect(await json('remove shard1')).toEqual({ dryRun: false, shard: 'shard1', keyspaces: ['cart'] });
  expect(Object.keys(await buckets())).toEqual(['shard2', 'shard3']);
  await verified();
});
