import { eventually, testDatabase, type TestDatabase } from '@stoa/testing';
import { LockSession } from './lock-session.js';

describe('LockSession', () => {
  let database: TestDatabase;
  const sessions: LockSession[] = [];
  // Long beside what a busy machine may hold up a beat: only the test of the time-out wants a short one.
  const open = async (idleTimeoutMs = 60_000): Promise<LockSession> => {
    const options = { url: database.url, applicationName: 'lock', idleTimeoutMs };
    const session = await LockSession.open(options);
    sessions.push(session);
    return session;
  };

  beforeAll(async () => {
    database = await testDatabase();
  });
  afterEach(() => Promise.all(sessions.splice(0).map((session) => session.close())));
  afterAll(() => database.drop());

  it('gives a lock to one session at a time, until that one closes', async () => {
    const [first, second] = [await open(), await open()];
    expect(await first.tryLock('a')).toBe(true);
    expect(await second.tryLock('a')).toBe(false);
    expect(await second.tryLock('b')).toBe(true);
    await first.close();
    expect(first.lost.aborted).toBe(true);
    await eventually(async () => expect(await second.tryLock('a')).toBe(true));
  });

  it('outlives the time-out while its process beats, and not longer', async () => {
    // The same for both: the one that beats is older, and would be gone before the other.
    const [beating, mute] = [await open(4_000), await open(4_000)];
    await beating.tryLock('beating');
    await mute.tryLock('mute');
    // A frozen process sends nothing any more; here only the heartbeat is stopped.
    clearInterval((mute as unknown as { heartbeat: NodeJS.Timeout }).heartbeat);
    await eventually(() => expect(mute.lost.aborted).toBe(true));
    await eventually(async () => expect(await beating.tryLock('mute')).toBe(true));
    expect(beating.lost.aborted).toBe(false);
    await expect(mute.query('SELECT 1')).rejects.toThrow('idle-session timeout');
  });

  it('hears what is notified on its channel', async () => {
    const session = await open();
    const heard: string[] = [];
    await session.listen('one_channel', () => void heard.push('one'));
    await session.listen('another', () => void heard.push('another'));
    await (await open()).query("SELECT pg_notify('another', '')");
    await eventually(() => expect(heard).toEqual(['another']));
  });
});
