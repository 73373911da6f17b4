import { newId } from '@stoa/messaging';
import { bucketOf } from '@stoa/sharding/testing';
import { Mover } from '@stoa/sharding';
import { type Clone, eventually, freezeFor, letWorkProceed, uniqueName } from '@stoa/testing';
import { customer, newGuest, PASSWORD, ProfileService, type Reply } from '../../test/profile-service.js';
import { lookupKeyspace } from '../storage/keyspace.js';

/** No command takes so long, also when everything pauses for a moment. */
const EXPIRY_SECONDS = 5;
const newEmail = (): string => `${uniqueName('ada')}@example.com`;
const newUsername = (): string =>
  uniqueName('a')
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(0, 30);

describe('login names over two shards', () => {
  let profiles: ProfileService;
  let clones: Clone[];

  beforeAll(async () => {
    profiles = await ProfileService.start();
    const env = { STOA_RESERVATION_SECONDS: String(EXPIRY_SECONDS) };
    clones = await Promise.all([profiles.startClone(env), profiles.startClone(env)]);
  });
  afterAll(() => profiles.stop());

  const register = (email: string, username?: string, id = newId()): Promise<Reply> =>
    profiles.ask(
      'register',
      { email, password: PASSWORD, displayName: 'Ada', ...(username && { username }) },
      newGuest(),
      {
        id,
        budgetMs: 20_000,
      },
    );
  const rowsOf = (name: string) =>
    profiles.names<{ customer_id: string; state: string }>('SELECT customer_id, state FROM names WHERE name = $1', [
      name,
    ]);
  const owners = (email: string) =>
    profiles.rows<{ customer_id: string }>('SELECT customer_id FROM customers WHERE email = $1', [email]);
  /** Nothing is left undecided, and the names are those that customers have. */
  const settled = () =>
    eventually(
      async () => {
        const names = await profiles.names<{ key: string }>(
          "SELECT kind || ' ' || name || ' ' || customer_id || ' ' || state AS key FROM names",
        );
        const held = await profiles.rows<{ key: string }>(`
          SELECT 'email ' || email || ' ' || customer_id || ' confirmed' AS key FROM customers UNION ALL
          SELECT 'username ' || username || ' ' || customer_id || ' confirmed' FROM customers WHERE username IS NOT NULL`);
        expect(names.map(({ key }) => key).sort()).toEqual(held.map(({ key }) => key).sort());
      },
      { everyMs: 100 },
    );

  it('gives an address to one of those who register it at the same instant, in each of many rounds', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [email, username] = [newEmail(), newUsername()];
      const replies = await Promise.all([
        register(email),
        register(email, username),
        register(email.toUpperCase()),
        register(email),
      ]);
      expect(replies.filter(({ ok }) => ok)).toHaveLength(1);
      const codes = replies.filter(({ ok }) => !ok).map(({ body }) => body.code);
      expect(codes).toEqual(['EMAIL_TAKEN', 'EMAIL_TAKEN', 'EMAIL_TAKEN']);
      expect(await owners(email)).toHaveLength(1);
    }
    await settled();
  });

  it('settles many at once, none of which holds a connection while it waits for another', async () => {
    // Those for which there was no time are refused, and leave nothing behind.
    await Promise.allSettled(Array.from({ length: 108 }, () => register(newEmail())));
    await settled();
    // The pools refuse such work in these clones, and an event whose handler fails is parked.
    expect(await profiles.rows('SELECT reason FROM parked_events')).toEqual([]);
  });

  it('signs in by username, and frees the address of a registration whose username is taken', async () => {
    const [first, second, username] = [newEmail(), newEmail(), newUsername()];
    const { customerId } = (await register(first, username)).body;
    expect((await profiles.signIn(username.toUpperCase())).body.customerId).toBe(customerId);
    const id = newId();
    expect((await register(second, username.toUpperCase(), id)).body.code).toBe('USERNAME_TAKEN');
    expect((await register(second, username.toUpperCase(), id)).body.code).toBe('USERNAME_TAKEN');
    await eventually(async () => expect(await rowsOf(second)).toEqual([]));
    expect((await register(second)).ok).toBe(true);
    await settled();
  });

  it('changes the address: the new one signs in, the old one no more and is free', async () => {
    const [old, next, id] = [newEmail(), newEmail(), newId()];
    const { customerId } = (await register(old)).body;
    const input = { email: next, currentPassword: PASSWORD };
    const changed = await profiles.ask('changeEmail', input, customer(customerId), { id });
    expect(changed.body).toMatchObject({ email: next, version: 2 });
    expect((await profiles.signIn(old)).body.code).toBe('WRONG_CREDENTIALS');
    expect((await profiles.signIn(next)).body.customerId).toBe(customerId);
    await eventually(async () => expect(await rowsOf(old)).toEqual([]));
    expect((await register(old)).ok).toBe(true);
    expect(await profiles.ask('changeEmail', input, customer(customerId), { id })).toEqual(changed);
    const taken = await profiles.ask('changeEmail', { ...input, email: old }, customer(customerId));
    expect(taken.body.code).toBe('EMAIL_TAKEN');
    const wrong = await profiles.ask(
      'changeEmail',
      { email: newEmail(), currentPassword: 'wrong' },
      customer(customerId),
    );
    expect(wrong.body.code).toBe('WRONG_CREDENTIALS');
    await settled();
  });

  it('takes, changes and drops a username', async () => {
    const { customerId } = (await register(newEmail())).body;
    const [first, second] = [newUsername(), newUsername()];
    const change = (username: string | null) => profiles.ask('changeUsername', { username }, customer(customerId));
    expect((await change(first)).body.username).toBe(first);
    expect((await change(second)).body.username).toBe(second);
    expect((await profiles.signIn(second)).body.customerId).toBe(customerId);
    expect((await profiles.signIn(first)).body.code).toBe('WRONG_CREDENTIALS');
    expect((await change(null)).body.username).toBeNull();
    await settled();
  });

  it('frees what a command reserved and never decided, and refuses that command when it comes late', async () => {
    const email = newEmail();
    const [customerId, token] = [newId(), newId()];
    const shards = profiles.data.shards.get('lookup') ?? [];
    expect(shards).toHaveLength(2);
    // As a clone leaves it that dies behind its reservation.
    await profiles.reserveName('email', email, { customerId, token });
    await eventually(async () => expect(await rowsOf(email)).toEqual([]));
    const [refused] = await profiles.rows<{ status: string; reply: string }>(
      'SELECT status, reply FROM inbox WHERE command_id = $1',
      [token],
    );
    expect(refused).toMatchObject({ status: 'error', reply: expect.stringContaining('ABANDONED') });
    expect((await register(email)).ok).toBe(true);
  });

  it('leaves nothing behind when clones are killed and frozen in the midst of it', async () => {
    const env = { STOA_RESERVATION_SECONDS: String(EXPIRY_SECONDS) };
    const emails = Array.from({ length: 24 }, newEmail);
    const asked = emails.flatMap((email) => [email, email]).map((email) => register(email).catch(() => undefined));
    await letWorkProceed(200);
    const [frozen] = clones;
    await freezeFor(frozen!, EXPIRY_SECONDS * 1_500);
    await letWorkProceed(200);
    await clones[1]?.kill();
    clones[1] = await profiles.startClone(env);
    await Promise.all(asked);
    for (const email of emails) expect((await owners(email)).length).toBeLessThanOrEqual(1);
    await settled();
    // Whatever became of the first try: the address has an owner now, or gets one.
    for (const email of emails) {
      const again = await register(email);
      expect([again.ok, again.body.code].toString()).toMatch(/^(true,|false,EMAIL_TAKEN)$/);
      expect(await owners(email)).toHaveLength(1);
    }
  });

  it('goes on while the names move to another shard', async () => {
    const email = newEmail();
    const bucket = bucketOf(email);
    const [from, to] = (await profiles.placeOfName(bucket)) === 'shard1' ? ['shard1', 'shard2'] : ['shard2', 'shard1'];
    const { customerId } = (await register(email)).body;
    const mover = new Mover({ directoryUrl: profiles.data.directoryAdminUrl });
    const moving = mover.planMove({ keyspace: lookupKeyspace.name, buckets: [bucket], from: from!, to: to! });
    const done = moving.then((id) => mover.runMove(id));
    const meanwhile = await Promise.all(Array.from({ length: 5 }, () => register(email)));
    await done;
    expect(meanwhile.map(({ body }) => body.code)).toEqual(Array(5).fill('EMAIL_TAKEN'));
    expect((await profiles.signIn(email)).body.customerId).toBe(customerId);
    await settled();
  });
});
