import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import type { KafkaRecord } from '@stoa/kafka';
import { lockFirstParked, park, unpark } from './parked-events.js';

describe('park', () => {
  let db: TestMessagingDatabase;
  beforeAll(async () => {
    db = await messagingDatabase();
  });
  afterAll(() => db.drop());

  const record = (key: string, id: string, offset: number, version = 1): KafkaRecord => ({
    topic: 'counter.events',
    partition: 0,
    offset,
    timestamp: 0,
    key: Buffer.from(key),
    value: Buffer.from('{}'),
    headers: { type: 'counted', version: String(version), ...(id !== '' && { id }) },
  });
  const at = (key: string) => ({ bucket: 0, topic: 'counter.events', key });
  const parks = (key: string, given: KafkaRecord) =>
    db.database.transaction(0, (tx) => park(tx, at(key), given, 'poison', 5));
  /** The ids of a key's events in the order of their replay, which takes them off. */
  const replayed = async (key: string): Promise<(string | undefined)[]> => {
    const ids: (string | undefined)[] = [];
    for (;;) {
      const found = await db.database.transaction(0, async (tx) => {
        const first = await lockFirstParked(tx, at(key));
        if (first) await unpark(tx, first);
        return first;
      });
      if (!found) return ids;
      ids.push(found.headers['id']);
    }
  };

  it('parks a record that is delivered twice once, with an id or without, also by two at a time', async () => {
    await Promise.all([1, 2, 3].map(() => parks('twice', record('twice', 'twice-1', 5))));
    await parks('twice', record('twice', 'twice-1', 5));
    await parks('twice', record('twice', 'twice-2', 6, 2));
    await parks('twice', record('twice', 'twice-1', 5));
    expect(await replayed('twice')).toEqual(['twice-1', 'twice-2']);
    await parks('nameless', record('nameless', '', 7));
    await parks('nameless', record('nameless', '', 7));
    expect(await replayed('nameless')).toHaveLength(1);
  });

  it('parks what a topic that was made anew has where the former one had something', async () => {
    await parks('old', record('old', 'old-1', 10));
    await parks('old', record('old', 'old-2', 11, 2));
    // Another key at the same offset, a later event of the same key before it, and one whose offset was taken that way.
    await parks('new', record('new', 'new-1', 10));
    await parks('old', record('old', 'old-3', 2, 3));
    await parks('new', record('new', 'new-2', 12, 2));
    expect(await replayed('old')).toEqual(['old-1', 'old-2', 'old-3']);
    expect(await replayed('new')).toEqual(['new-1', 'new-2']);
  });

  it('passes over an id that a moved bucket brought, and keeps the place', async () => {
    const { rows } = await db.database.transaction(0, (tx) =>
      tx.query<{ next: string }>("SELECT nextval(pg_get_serial_sequence('parked_events', 'id')) AS next"),
    );
    const taken = Number(rows[0]?.next) + 1;
    await db.database.transaction(0, (tx) =>
      tx.query(
        `INSERT INTO parked_events (bucket, id, topic, kafka_partition, kafka_offset, type, key, headers)
          OVERRIDING SYSTEM VALUE VALUES (0, $1, 'counter.events', 1, 1, 'counted', 'moved', '{}')`,
        [taken],
      ),
    );
    await parks('beside', record('beside', 'beside-1', 20));
    const first = await db.database.transaction(0, (tx) => lockFirstParked(tx, at('beside')));
    expect(first).toMatchObject({ offset: 20, headers: { id: 'beside-1' } });
  });
});
