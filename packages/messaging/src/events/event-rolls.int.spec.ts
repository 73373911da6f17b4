import { eventually } from '@stoa/testing';
import { Child } from '../../test/support/child.js';
import { testKafka, type TestKafka } from '../../test/support/kafka.js';
import { ListenerClones } from '../../test/support/listener.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { hears, recordOf, VERSIONS_TABLES } from '../../test/support/versions.js';

type Type = 'counted' | 'doubled' | 'tripled';

/** Clones of versions of a service that subscribe to different events, beside each other and one after the other. */
describe('event subscriptions over versions of a service', () => {
  let kafka: TestKafka;
  let db: TestMessagingDatabase;
  let clones: ListenerClones;
  const children: Child[] = [];
  /** Keys of the events that were sent, by type: each has one of its own. */
  let sent: Record<Type, string[]>;

  beforeEach(async () => {
    kafka = await testKafka('counter', ['listener']);
    db = await messagingDatabase({ tables: VERSIONS_TABLES });
    clones = new ListenerClones(kafka, db.database);
    sent = { counted: [], doubled: [], tripled: [] };
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.kill()));
    await clones.stopAll();
    await kafka.close();
    await db.drop();
  });

  async function send(count: number, ...types: Type[]): Promise<void> {
    const records = types.flatMap((type) =>
      Array.from({ length: count }, () => {
        const name = `${type}-${sent[type].length}`;
        sent[type].push(name);
        return recordOf(kafka.prefix, type, name, 1);
      }),
    );
    await kafka.port.produce(records, 'all');
  }

  const heard = async (type: Type): Promise<string[]> => {
    const text = 'SELECT name FROM heard WHERE type = $1 ORDER BY n';
    return (await db.database.server(0).rows<{ name: string }>(text, [type])).map(({ name }) => name);
  };
  /** Waits until all that was sent was handled; each once. */
  const allHeard = async (type: Type, expected = sent[type]): Promise<void> => {
    await eventually(async () => expect((await heard(type)).length).toBeGreaterThanOrEqual(expected.length));
    expect((await heard(type)).toSorted()).toEqual(expected.toSorted());
  };
  /** Waits until clones that know `counted` alone have passed over all that there is. */
  const passed = async (): Promise<void> => {
    await send(20, 'counted');
    await allHeard('counted');
  };

  it('come to the one that knows them, whatever older clones run beside it', async () => {
    await clones.ready(hears('counted'));
    await clones.ready(hears('counted'));
    await send(30, 'counted', 'doubled');
    await allHeard('counted');
    await clones.ready(hears('counted'), hears('doubled'));
    await send(30, 'counted', 'doubled');
    await allHeard('doubled');
    await allHeard('counted');
  });

  it('come to it beside clones of a version whose group did not depend on what it subscribes to', async () => {
    await send(30, 'doubled');
    const old = await (
      await kafka.open()
    ).consumeGroup({
      groupId: `${kafka.prefix}listener.events`,
      topics: [`${kafka.prefix}counter.events`],
      isolation: 'committed',
      startAt: 'beginning',
      onRecords: (records) =>
        void old.commit(records.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset + 1 }))),
    });
    await clones.ready(hears('doubled'));
    await send(30, 'doubled');
    await allHeard('doubled');
    await old.close();
  });

  it('are handled once each through a roll forward, back and forward again', async () => {
    const old = [hears('counted')];
    const both = [hears('counted'), hears('doubled')];
    let before = await clones.ready(...old);
    await send(10, 'counted', 'doubled');
    await allHeard('counted');
    for (const version of [both, old, both]) {
      const next = await clones.ready(...version);
      await send(10, 'counted', 'doubled');
      await clones.stop(before);
      await send(10, 'counted', 'doubled');
      await allHeard('counted');
      before = next;
    }
    await allHeard('doubled');
    await allHeard('counted');
  });

  it('are handled once each when clones are killed in the midst', async () => {
    await clones.ready(hears('counted'));
    await send(100, 'counted', 'doubled');
    const settings = { DATABASE_URL: db.database.server(0).url, SERVER: 'test@0', PREFIX: kafka.prefix };
    for (let n = 0; n < 2; n++) {
      const child = new Child({ MODE: 'listen', ...settings });
      children.push(child);
      await eventually(() => expect(child.lines.filter((line) => line === 'handled').length).toBeGreaterThan(5));
      await child.kill();
      await send(50, 'counted', 'doubled');
    }
    await clones.ready(hears('counted'), hears('doubled'));
    await allHeard('doubled');
    await allHeard('counted');
  });

  it('wait for a subscription that was removed, and comes back', async () => {
    const first = await clones.ready(hears('counted'), hears('doubled'));
    await send(10, 'counted', 'doubled');
    await allHeard('doubled');
    const second = await clones.ready(hears('counted'));
    await clones.stop(first);
    await send(10, 'counted', 'doubled');
    await passed();
    expect(await heard('doubled')).toHaveLength(10);
    await clones.ready(hears('doubled'), hears('counted'));
    await clones.stop(second);
    await allHeard('doubled');
    await allHeard('counted');
  });

  it('come from the first start on where it says `now`, also after it was rolled back, and in another set', async () => {
    await send(20, 'counted', 'tripled');
    const old = await clones.ready(hears('counted'));
    await allHeard('counted');
    await send(5, 'tripled');
    const before = sent.tripled.length;
    const first = await clones.ready(hears('counted'), hears('tripled', { from: 'now' }));
    await send(10, 'counted', 'tripled');
    await clones.stop(first);
    await send(10, 'counted', 'tripled');
    await passed();
    await clones.stop(old);
    await send(10, 'counted', 'tripled');
    const second = await clones.ready(hears('counted'), hears('doubled'), hears('tripled', { from: 'now' }));
    await allHeard('tripled', sent.tripled.slice(before));
    await clones.stop(second);
    await send(10, 'tripled');
    await clones.ready(hears('tripled', { from: 'now' }));
    await allHeard('tripled', sent.tripled.slice(before));
    await allHeard('counted');
  });
});
