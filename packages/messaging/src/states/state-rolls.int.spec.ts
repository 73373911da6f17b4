import { eventually } from '@stoa/testing';
import { testKafka, type TestKafka } from '../../test/support/kafka.js';
import { ListenerClones } from '../../test/support/listener.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { copies, recordOf, VERSIONS_TABLES } from '../../test/support/versions.js';

type Type = 'current' | 'highest';

/** Clones of versions of a service that copy different types of states of one topic. */
describe('copies of states over versions of a service', () => {
  let kafka: TestKafka;
  let db: TestMessagingDatabase;
  let clones: ListenerClones;

  beforeEach(async () => {
    kafka = await testKafka('counter', ['listener']);
    db = await messagingDatabase({ tables: VERSIONS_TABLES, servers: 2, name: 'listener' });
    clones = new ListenerClones(kafka, db.database);
  });
  afterEach(async () => {
    await clones.stopAll();
    await kafka.close();
    await db.drop();
  });

  const publish = (version: number, names: readonly string[], count: number | null = version): Promise<void> =>
    kafka.port.produce(
      (['current', 'highest'] as const).flatMap((type) =>
        names.map((name) => recordOf(kafka.prefix, type, name, version, count)),
      ),
      'all',
    );
  const copyOn = async (server: number, type: Type): Promise<Record<string, number>> => {
    const text = 'SELECT name, count FROM copies WHERE type = $1';
    const rows = await db.database.server(server).rows<{ name: string; count: number }>(text, [type]);
    return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
  };
  const expectCopies = async (type: Type, names: readonly string[], count: number): Promise<void> => {
    const expected = Object.fromEntries(names.map((name) => [name, count]));
    for (const server of [0, 1]) await eventually(async () => expect(await copyOn(server, type)).toEqual(expected));
  };

  const names = Array.from({ length: 40 }, (_, n) => `key-${n}`);

  it('are there when a clone is ready that brings a new type, also while an older one leads', async () => {
    await publish(1, names);
    await clones.ready(copies('current'));
    await expectCopies('current', names, 1);
    await clones.ready(copies('current'), copies('highest'));
    expect(await copyOn(0, 'highest')).toEqual(await copyOn(0, 'current'));
    await expectCopies('highest', names, 1);
    await publish(2, names);
    await expectCopies('current', names, 2);
    await expectCopies('highest', names, 2);
  });

  it('miss nothing when the version that has them is rolled back, and comes again', async () => {
    await publish(1, names);
    const first = await clones.ready(copies('current'), copies('highest'));
    await clones.stop(first);
    const old = await clones.ready(copies('current'));
    await publish(2, names);
    await expectCopies('current', names, 2);
    await clones.ready(copies('highest'), copies('current'));
    await clones.stop(old);
    await expectCopies('highest', names, 2);
    await expectCopies('current', names, 2);
  });

  it('are not there before they are whole, though their builder goes in the midst', async () => {
    await publish(1, names);
    const old = await clones.ready(copies('current'));
    let fails = true;
    const failing = async (): Promise<void> => {
      if (fails) throw Object.assign(new Error('connection lost'), { code: '57P01' });
    };
    const building = await clones.start(copies('current'), copies('highest', failing));
    const second = await clones.start(copies('current'), copies('highest', failing));
    await clones.stop(building);
    await publish(2, names);
    await expectCopies('current', names, 2);
    expect(old.isReady()).toBe(true);
    expect(second.isReady()).toBe(false);
    fails = false;
    await eventually(() => expect(second.isReady()).toBe(true));
    await expectCopies('highest', names, 2);
  });

  it('keep no key that is gone for so long that Kafka has forgotten it', async () => {
    await publish(1, names);
    await clones.stop(await clones.ready(copies('current'), copies('highest')));
    for (const server of db.database.servers()) {
      // A key of which Kafka says nothing any more, as after its tombstone was removed.
      await server.rows(
        `INSERT INTO copies SELECT type, 'vanished', 1, 1 FROM unnest('{current,highest}'::text[]) AS type`,
      );
      await server.rows(`UPDATE state_offsets SET updated_at = now() - interval '7 days' WHERE topic LIKE '%#highest'`);
    }
    await clones.ready(copies('current'), copies('highest'));
    // Ready means whole: no clone answers from a copy that has just been cleared.
    for (const server of [0, 1]) {
      expect(Object.keys(await copyOn(server, 'highest')).toSorted()).toEqual(names.toSorted());
      expect(await copyOn(server, 'current')).toMatchObject({ vanished: 1 });
    }
  });
});
