import { databaseContext } from '@stoa/service/testing';
import { addShard, BUCKETS } from '@stoa/sharding';
import { eventually, TestProxy } from '@stoa/testing';
import { Client } from 'pg';
import { notesKeyspace, type Notes } from '../test/notes.js';
import { NotesService, type Outcome } from '../test/notes-service.js';
import { openKeyspace, type KeyspaceDatabase } from './open-keyspace.js';
import { testKeyspaces, type TestKeyspaces } from './testing/test-keyspaces.js';

const OPERATIONS = ['put', 'putTogether', 'get'] as const;
/** More than all slots of a clone, of each operation. */
const MANY = 300;

describe('a service on two servers, of which one is in trouble', () => {
  let notes: Notes;
  let data: TestKeyspaces;
  let proxy: TestProxy;
  let database: KeyspaceDatabase;
  let service: NotesService;
  let troubledAdminUrl: string;

  beforeAll(async () => {
    notes = await notesKeyspace();
    data = await testKeyspaces([notes.keyspace]);
    const second = data.shards.get('notes')?.[1];
    if (!second) throw new Error('there is no second shard');
    troubledAdminUrl = second.adminUrl;
    proxy = await TestProxy.open(second.url);
    await addShard(data.directoryAdminUrl, 'notes', { ...second, url: proxy.through(second.url) });
    database = await openKeyspace('notes', data.directoryUrl, databaseContext('notes-1'));
    service = await NotesService.start(database);
  });
  afterEach(async () => {
    await proxy.restore();
    // Without a restart, and within the budget of whoever asks.
    await eventually(() => expect(askAll(troubled.slice(0, 9), 10_000)).resolves.toEqual(allOk(27)));
  });
  afterAll(async () => {
    await service.stop();
    await database.close();
    await proxy.close();
    await data.drop();
    await notes.remove();
  });

  const keys = Array.from({ length: 4 * MANY }, (_, n) => `owner ${n}`);
  const isTroubled = (key: string): boolean => database.bucketOf(key) >= BUCKETS / 2;
  let troubled: string[];
  let well: string[];
  beforeAll(() => {
    troubled = keys.filter(isTroubled).slice(0, MANY);
    well = keys.filter((key) => !isTroubled(key)).slice(0, 30);
  });

  const askAll = (owners: readonly string[], budgetMs?: number): Promise<Outcome[]> =>
    Promise.all(owners.flatMap((owner) => OPERATIONS.map((operation) => service.ask(operation, owner, budgetMs))));
  const allOk = (count: number): Outcome[] => Array<Outcome>(count).fill('ok');
  const succeeded = async (asked: Promise<Outcome>): Promise<void> => expect(await asked).toBe('ok');
  const codesOf = (outcomes: readonly Outcome[]): Set<string> =>
    new Set(outcomes.map((outcome) => (outcome === 'ok' ? 'ok' : outcome.code)));

  it('answers the others while one is closed, and its own at once that it is unavailable', async () => {
    await proxy.close();
    const refused = askAll(troubled);
    expect(await askAll(well)).toEqual(allOk(90));
    // Not tried again for as long as the budget lasts, but answered.
    expect([...codesOf(await refused)]).toEqual(['UNAVAILABLE']);
    for (const operation of OPERATIONS) {
      const [owner = ''] = troubled;
      await eventually(async () =>
        expect(await service.ask(operation, owner)).toEqual(
          expect.objectContaining({ code: 'UNAVAILABLE', retryAfterSeconds: 1 }),
        ),
      );
    }
    expect(await askAll(well)).toEqual(allOk(90));
  });

  it('answers the others while one is frozen, and its own that it is unavailable', async () => {
    expect(await askAll(troubled.slice(0, 9))).toEqual(allOk(27));
    proxy.freeze();
    const refused = askAll(troubled);
    expect(await askAll(well)).toEqual(allOk(90));
    expect([...codesOf(await refused)]).toEqual(['UNAVAILABLE']);
    expect(await askAll(well)).toEqual(allOk(90));
  });

  it('serves the others while work on one takes forever', async () => {
    const admin = new Client({ connectionString: troubledAdminUrl });
    await admin.connect();
    try {
      await admin.query('BEGIN; LOCK TABLE notes IN ACCESS EXCLUSIVE MODE');
      const waiting = troubled.map((owner, n) => service.ask(OPERATIONS[n % OPERATIONS.length] ?? 'get', owner));
      let hasReplied = false;
      void Promise.any(waiting.map(succeeded)).then(
        () => (hasReplied = true),
        () => undefined,
      );
      expect(await askAll(well)).toEqual(allOk(90));
      expect(hasReplied).toBe(false);
      await admin.query('COMMIT');
      expect(codesOf(await Promise.all(waiting))).toContain('ok');
    } finally {
      await admin.end();
    }
  });
});
