import { newId } from '@stoa/messaging';
import { moveHooks } from '@stoa/messaging/moves';
import { bucketOf, type Step } from '@stoa/sharding/testing';
import { Mover } from '@stoa/sharding';
import { eventually, uniqueName } from '@stoa/testing';
import { customer, newGuest, PASSWORD, ProfileService, type Reply } from '../../test/profile-service.js';
import { profileKeyspace } from '../storage/keyspace.js';

const ENV = { STOA_RESERVATION_SECONDS: '5' };
const newEmail = (): string => `${uniqueName('ada')}@example.com`;
const newUsername = (): string =>
  uniqueName('a')
    .replaceAll(/[^a-z0-9]/g, '')
    .slice(0, 30);

describe('erasing a customer', () => {
  let profiles: ProfileService;

  beforeAll(async () => {
    profiles = await ProfileService.start();
    await Promise.all([profiles.startClone(ENV), profiles.startClone(ENV)]);
  });
  afterAll(() => profiles.stop());

  const registered = async (id = newId()) => {
    const [email, username] = [newEmail(), newUsername()];
    const input = { email, username, password: PASSWORD, displayName: `Ada ${email}` };
    const { body } = await profiles.ask('register', input, newGuest(), { id, budgetMs: 20_000 });
    return { email, username, input, id, customerId: body.customerId };
  };
  const erase = (customerId: string, id = newId(), currentPassword = PASSWORD): Promise<Reply> =>
    profiles.ask('eraseMe', { currentPassword }, customer(customerId), { id, budgetMs: 20_000 });
  const namesOf = (customerId: string) =>
    profiles.names<{ name: string; state: string }>(
      'SELECT name, state FROM names WHERE customer_id = $1 ORDER BY kind',
      [customerId],
    );
  const released = (customerId: string) => eventually(async () => expect(await namesOf(customerId)).toEqual([]));
  const confirmed = (customerId: string) =>
    eventually(async () =>
      expect((await namesOf(customerId)).map(({ state }) => state)).toEqual(['confirmed', 'confirmed']),
    );
  const tombstones = (customerId: string) =>
    profiles.rows('SELECT FROM erased_customers WHERE customer_id = $1', [customerId]);
  /** All that any table of any shard holds. */
  const dump = async (): Promise<string> => {
    let text = '';
    for (const table of ['customers', 'credentials', 'erased_customers', 'inbox', 'outbox', 'parked_events']) {
      text += JSON.stringify(await profiles.rows(`SELECT t::text FROM ${table} AS t`));
    }
    return text + JSON.stringify(await profiles.names('SELECT t::text FROM names AS t'));
  };

  it('leaves nothing but a tombstone: nobody signs in, every command is refused, the names are free', async () => {
    const { email, username, customerId } = await registered();
    await profiles.ask('changeMe', { phone: '+41446681800' }, customer(customerId));
    expect(await dump()).toContain(email);
    expect(await erase(customerId)).toEqual({ ok: true, body: {} });
    for (const name of [email, username]) expect((await profiles.signIn(name)).body.code).toBe('WRONG_CREDENTIALS');
    expect((await profiles.ask('getMe', {}, customer(customerId))).body.code).toBe('NOT_FOUND');
    const input = { displayName: 'Back again' };
    expect((await profiles.ask('changeMe', input, customer(customerId))).body.code).toBe('NOT_FOUND');
    const names = await profiles.ask('changeUsername', { username: newUsername() }, customer(customerId));
    expect(names.body.code).toBe('NOT_FOUND');
    await released(customerId);
    await eventually(async () => {
      const text = await dump();
      for (const theirs of [email, username, '+41446681800']) expect(text).not.toContain(theirs);
    });
    expect(await tombstones(customerId)).toHaveLength(1);
    const events = await profiles.events(customerId, 3);
    expect(events.map(({ type, version }) => `${type} ${version}`)).toEqual([
      ...['customerRegistered 1', 'profileChanged 2', 'customerErased 3'],
    ]);
    expect(Object.keys(events.at(-1)?.data ?? {}).sort()).toEqual(['customerId', 'erasedAt']);
  });

  it('asks for the password, and changes nothing without it', async () => {
    const { email, customerId } = await registered();
    expect((await erase(customerId, newId(), 'wrong')).body.code).toBe('WRONG_CREDENTIALS');
    expect((await profiles.signIn(email)).body.customerId).toBe(customerId);
    expect(await namesOf(customerId)).toHaveLength(2);
    expect(await tombstones(customerId)).toEqual([]);
  });

  it('answers the same to the same command, and NOT_FOUND to another one', async () => {
    const { customerId } = await registered();
    const id = newId();
    const together = await Promise.all([1, 2, 3].map(() => erase(customerId, id)));
    expect(together).toEqual(Array(3).fill({ ok: true, body: {} }));
    expect(await erase(customerId, id)).toEqual({ ok: true, body: {} });
    expect((await erase(customerId)).body.code).toBe('NOT_FOUND');
    await released(customerId);
    const events = await profiles.events(customerId, 2);
    expect(events.filter(({ type }) => type === 'customerErased')).toHaveLength(1);
  });

  it('frees the names once: what is delivered again takes nothing from the next owner', async () => {
    const first = await registered();
    expect((await erase(first.customerId)).ok).toBe(true);
    await released(first.customerId);
    const { body: next } = await profiles.ask('register', first.input, newGuest(), { budgetMs: 20_000 });
    expect(next.customerId).not.toBe(first.customerId);
    await confirmed(next.customerId);
    // That of the registration and that of the erasure.
    await profiles.decideAgain(first.customerId, 2);
    await confirmed(next.customerId);
    expect((await profiles.signIn(first.username)).body.customerId).toBe(next.customerId);
  });

  it('stays erased when the registration comes again, whose reply was purged', async () => {
    const { customerId, input, id, email } = await registered();
    await erase(customerId);
    await released(customerId);
    const again = await profiles.ask('register', input, newGuest(), { id, budgetMs: 20_000 });
    expect(again.body.code).toBe('ABANDONED');
    expect(await profiles.rows('SELECT FROM customers WHERE email = $1', [email])).toEqual([]);
    await released(customerId);
    expect((await profiles.ask('register', input, newGuest(), { budgetMs: 20_000 })).ok).toBe(true);
  });

  it('killed before it was decided, nothing has happened, and it can be sent again', async () => {
    const { email, customerId } = await registered();
    await confirmed(customerId);
    const id = newId();
    let reply: Promise<unknown> = Promise.resolve();
    await profiles.killWhileLocked(customerId, async () => {
      const input = { currentPassword: PASSWORD };
      reply = profiles.ask('eraseMe', input, customer(customerId), { id, budgetMs: 5_000 }).catch(() => undefined);
      await eventually(async () =>
        expect((await namesOf(customerId)).map(({ state }) => state)).toEqual(['reserved', 'reserved']),
      );
    });
    await reply;
    await Promise.all([profiles.startClone(ENV), profiles.startClone(ENV)]);
    expect((await profiles.signIn(email)).body.customerId).toBe(customerId);
    await confirmed(customerId);
    // Under its own key it was given up meanwhile; under another one it is done.
    const codes = [(await erase(customerId, id)).body.code, (await erase(customerId)).body.code];
    expect(codes).toEqual(['ABANDONED', undefined]);
    await released(customerId);
  });

  it('killed once it was decided, the names are free for others all the same', async () => {
    const { customerId, input } = await registered();
    const id = newId();
    const asked = erase(customerId, id).catch(() => undefined);
    await eventually(async () => expect(await tombstones(customerId)).toHaveLength(1), { everyMs: 5 });
    await profiles.killClones();
    await asked;
    await Promise.all([profiles.startClone(ENV), profiles.startClone(ENV)]);
    expect(await erase(customerId, id)).toEqual({ ok: true, body: {} });
    await released(customerId);
    expect((await profiles.ask('register', input, newGuest(), { budgetMs: 20_000 })).ok).toBe(true);
    expect((await profiles.events(customerId, 2)).at(-1)?.type).toBe('customerErased');
  });

  it.each<Step>(['wait for copy', 'make destination ready', 'retire source'])(
    'waits while the bucket moves, and is done at the destination: sent before "%s"',
    async (step) => {
      const { customerId, email } = await registered();
      await confirmed(customerId);
      const from = (await profiles.placeOf(customerId)) ?? '';
      const to = from === 'shard1' ? 'shard2' : 'shard1';
      let reply: Promise<Reply> | undefined;
      const onStep = (now: Step, when: 'before' | 'after'): void => {
        if (now === step && when === 'before') reply ??= erase(customerId);
      };
      const mover = new Mover({ directoryUrl: profiles.data.directoryAdminUrl, hooks: { ...moveHooks, onStep } });
      const buckets = [bucketOf(customerId)];
      const id = await mover.planMove({ keyspace: profileKeyspace.name, buckets, from, to });
      expect(await mover.runMove(id)).toMatchObject({ phase: 'done' });
      expect(await reply).toEqual({ ok: true, body: {} });
      expect(await profiles.placeOf(customerId)).toBe(to);
      expect(await tombstones(customerId)).toHaveLength(1);
      await released(customerId);
      expect((await profiles.register(email)).ok).toBe(true);
    },
    120_000,
  );
});
