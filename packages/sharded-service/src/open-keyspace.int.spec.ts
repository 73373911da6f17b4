import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { servedFrom, trace } from '@stoa/service';
import { databaseContext } from '@stoa/service/testing';
import { addShard, BUCKETS } from '@stoa/sharding';
import { eventually } from '@stoa/testing';
import { notesKeyspace, type Notes } from '../test/notes.js';
import { openKeyspace, type KeyspaceDatabase } from './open-keyspace.js';
import { testKeyspaces, type TestKeyspaces } from './testing/test-keyspaces.js';

describe('a keyspace in a clone', () => {
  let notes: Notes;
  let data: TestKeyspaces;
  let database: KeyspaceDatabase;
  let bounded: KeyspaceDatabase | undefined;
  const context = databaseContext('notes-1');

  beforeAll(async () => {
    notes = await notesKeyspace();
    data = await testKeyspaces([notes.keyspace]);
    database = await openKeyspace('notes', data.directoryUrl, context);
  });
  afterAll(async () => {
    await Promise.all([database.close(), bounded?.close()]);
    await data.drop();
    await notes.remove();
  });

  /** Again, as services do: a process that is frozen for a second loses its transaction. */
  const write = (owner: string, note: string): Promise<unknown> =>
    eventually(() =>
      database.transaction(database.bucketOf(owner), (tx) =>
        tx.query(
          `INSERT INTO notes (bucket, owner, note) VALUES ($1, $2, $3)
           ON CONFLICT (bucket, owner) DO UPDATE SET note = excluded.note`,
          [database.bucketOf(owner), owner, note],
        ),
      ),
    );
  const read = async (owner: string): Promise<string | undefined> => {
    const bucket = database.bucketOf(owner);
    const text = 'SELECT note FROM notes WHERE bucket = $1 AND owner = $2';
    return (await database.read<{ note: string }>(bucket, { text, values: [bucket, owner] }))[0]?.note;
  };
  const owners = Array.from({ length: 30 }, (_, n) => `owner ${n}`);
  const isOnFirst = (owner: string): boolean => database.bucketOf(owner) < BUCKETS / 2;

  it('finds each key on its shard', async () => {
    await Promise.all(owners.map((owner) => write(owner, `of ${owner}`)));
    expect(await Promise.all(owners.map(read))).toEqual(owners.map((owner) => `of ${owner}`));
    const rows = await data.rows<{ owner: string; shard: string }>(
      'notes',
      'SELECT owner, shard FROM notes, sharding.identity',
    );
    expect(rows).toHaveLength(owners.length);
    for (const { owner, shard } of rows) expect(shard).toBe(isOnFirst(owner) ? 'shard1' : 'shard2');
    expect(new Set(rows.map(({ shard }) => shard)).size).toBe(2);
  });

  it('remembers which shards a piece of work has used', async () => {
    const [here = '', there = ''] = [owners.find(isOnFirst), owners.find((owner) => !isOnFirst(owner))];
    const used = (work: () => Promise<unknown>): Promise<string | undefined> =>
      trace.run(trace.start(), async () => {
        await work();
        return servedFrom.current();
      });
    expect(await used(() => read(here))).toBe('shard1');
    expect(await used(() => write(there, 'x'))).toBe('shard2');
    expect(await used(() => Promise.all([read(here), write(there, 'y'), read(here)]))).toBe('shard1,shard2');
  });

  it('lets servers serve that were started again, and says which must be reconciled', async () => {
    const [owner = ''] = owners.filter(isOnFirst);
    await write(owner, 'before');
    const start = 'UPDATE sharding.identity SET confirmed_start = NULL';
    await data.rows('notes', start);
    expect(await read(owner)).toBe('before');
    await data.rows('notes', start);
    await write(owner, 'after');
    await data.rows('notes', start);
    const all = { text: 'SELECT note FROM notes WHERE bucket = ANY ($1) AND owner = $2', values: [owner] };
    expect(await database.across().partials(all)).toEqual([{ note: 'after' }]);

    const errors: unknown[] = [];
    const logger = { ...context.logger, error: (reason: unknown) => void errors.push(reason) };
    const other = await openKeyspace('notes', data.directoryUrl, {
      ...context,
      logger: logger as typeof context.logger,
    });
    const missed = `UPDATE sharding.identity SET confirmed_start = NULL, switches = switches`;
    await data.rows('notes', `${missed} - 1 WHERE shard = 'shard1'`);
    const refused = other.transaction(other.bucketOf(owner), (tx) => tx.query('SELECT 1'));
    await expect(refused).rejects.toMatchObject({ name: 'BucketUnavailable' });
    expect(errors).toEqual([expect.stringContaining('does not know of the last 1 of its switches')]);
    await other.close();
    await data.rows('notes', `${missed} + 1 WHERE shard = 'shard1'`);
    // It is asked again a second later.
    expect(await eventually(() => read(owner))).toBe('after');
  });

  /** How many of eight transactions on the first shard are in work at once. */
  async function inWork(keyspace: KeyspaceDatabase): Promise<number> {
    const server = keyspace.servers().find(({ name }) => name === 'notes@shard1');
    const ended = { isOver: false };
    let count = 0;
    const work = Array.from({ length: 8 }, () =>
      server?.transaction(async (tx) => {
        count += 1;
        // Never silent for long: the server would end the session.
        while (!ended.isOver) await tx.query('SELECT pg_sleep(0.01)');
        count -= 1;
      }),
    );
    await eventually(() => expect(count + (server?.load.waiting ?? 0)).toBe(8));
    await eventually(() => expect(count).toBe(server?.load.open));
    const most = count;
    ended.isOver = true;
    await Promise.all(work);
    return most;
  }

  it('follows shards that come, shares its connections with them, and is well while any shard answers', async () => {
    bounded = await openKeyspace('notes', data.directoryUrl, { ...context, connections: 8 });
    expect(await inWork(bounded)).toBe(4);
    const [first] = data.shards.get('notes') ?? [];
    // shard1's own database under another name would be refused; only services get this URL.
    await data.rows('notes', `UPDATE sharding.identity SET shard = 'gone' WHERE shard = 'shard2'`);
    const second = data.shards.get('notes')?.[1];
    await addShard(data.directoryAdminUrl, 'notes', {
      name: 'gone',
      url: 'postgres://nobody@127.0.0.1:1/none',
      adminUrl: second?.adminUrl ?? '',
    });
    await eventually(() => {
      const names = database.servers().map(({ name }) => name);
      expect(names.toSorted()).toEqual(['notes@gone', 'notes@shard1', 'notes@shard2']);
    });
    await database.ping();
    expect(first?.name).toBe('shard1');
    await eventually(() => expect(bounded?.servers()).toHaveLength(3));
    // Sessions that are open already are used once more.
    await eventually(async () => expect(bounded && (await inWork(bounded))).toBe(2));
  });

  it('is refused when the directory does not know it', async () => {
    await expect(openKeyspace('nothing', data.directoryUrl, context)).rejects.toThrow('knows no keyspace nothing');
  });

  it('waits for a directory that is unavailable', async () => {
    const url = new URL(data.directoryUrl);
    const [port, host] = [Number(url.port), url.hostname];
    let isUnavailable = true;
    const proxy = createServer((socket) => {
      if (isUnavailable) return void socket.destroy();
      const there = connect(port, host);
      socket.pipe(there).pipe(socket);
      for (const side of [socket, there]) side.on('error', () => [socket, there].forEach((each) => each.destroy()));
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    url.port = String((proxy.address() as AddressInfo).port);
    const said: string[] = [];
    const logger = { ...context.logger, warn: (_fields: object, message: string) => void said.push(message) };
    const opening = openKeyspace('notes', url.href, { ...context, logger: logger as typeof context.logger });
    await eventually(() => expect(said).toEqual(['waiting for the directory']));
    isUnavailable = false;
    const late = await opening;
    expect(late.servers().length).toBeGreaterThan(1);
    await late.close();
    await new Promise((resolve) => proxy.close(resolve));
  });
});
