import { randomBytes } from 'node:crypto';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { newId } from '../protocol/ids.js';
import { claim, finish, recordAll, type InboxKey } from './inbox.js';

const REPLY = { ok: true, body: JSON.stringify({ text: 'x'.repeat(1_000) }) };
const COMMANDS = 700;

describe('a kept reply', () => {
  let db: TestMessagingDatabase;

  beforeEach(async () => {
    db = await messagingDatabase();
  });
  afterEach(() => db.drop());

  const command = (): InboxKey => ({ bucket: 0, commandId: newId(), key: 'somebody', bodyHash: randomBytes(16) });

  async function bytesEach(): Promise<number> {
    const [row] = await db.database
      .server(0)
      .rows<{ bytes: number }>(`SELECT pg_relation_size('inbox')::int / (SELECT count(*)::int FROM inbox) AS bytes`);
    return row?.bytes ?? 0;
  }

  it('takes little more of the disk than its bytes when commands share a transaction', async () => {
    for (let n = 0; n < COMMANDS; n += 7) {
      const replies = Array.from({ length: 7 }, () => ({ inbox: command(), reply: REPLY, until: 'infinity' }));
      await db.database.transaction(0, (tx) => recordAll(tx, replies));
    }
    expect(await bytesEach()).toBeLessThan(1.6 * REPLY.body.length);
  });

  it('takes little more when a command runs alone, and its row grows by the reply', async () => {
    const one = async (): Promise<void> => {
      const key = command();
      await db.database.transaction(0, async (tx) => {
        await claim(tx, key);
        await finish(tx, key, REPLY, [], 'infinity');
      });
    };
    for (let n = 0; n < COMMANDS; n += 4) await Promise.all([one(), one(), one(), one()]);
    expect(await bytesEach()).toBeLessThan(1.6 * REPLY.body.length);
  });
});
