import { hash } from '@node-rs/argon2';
import { newId } from '@stoa/messaging';
import { uniqueName } from '@stoa/testing';
import { customer, newGuest, PASSWORD, ProfileService } from '../../test/profile-service.js';

const newEmail = (): string => `${uniqueName('ada')}@example.com`;

describe('the profile service', () => {
  let profiles: ProfileService;

  beforeAll(async () => {
    profiles = await ProfileService.start();
    await profiles.startClone();
    await profiles.startClone();
  });
  afterAll(() => profiles.stop());

  const registered = async (): Promise<{ email: string; customerId: string }> => {
    const email = newEmail();
    const { body } = await profiles.register(email);
    return { email, customerId: body.customerId };
  };
  const count = async (table: string, email: string): Promise<number> => {
    if (table === 'names') return (await profiles.names('SELECT FROM names WHERE name = $1', [email])).length;
    return (await profiles.rows(`SELECT FROM ${table} WHERE email = $1`, [email])).length;
  };

  describe('register', () => {
    it('makes a customer who can sign in and read their profile', async () => {
      const email = newEmail();
      const { ok, body } = await profiles.register(email);
      expect(ok).toBe(true);
      expect(body).toMatchObject({ email, displayName: 'Ada', locale: null, phone: null, version: 1 });
      const { customerId } = body;
      expect((await profiles.signIn(email)).body).toEqual({
        customerId,
        role: 'customer',
        displayName: 'Ada',
        version: 1,
      });
      expect((await profiles.ask('getMe', {}, customer(customerId))).body).toEqual(body);
      const data = { customerId, displayName: 'Ada', registeredAt: body.createdAt };
      expect(await profiles.events(customerId, 1)).toEqual([{ type: 'customerRegistered', version: 1, data }]);
    });

    it('makes one customer however often the command comes, and replies the same', async () => {
      const [email, id] = [newEmail(), newId()];
      const together = await Promise.all([1, 2, 3].map(() => profiles.register(email, { id })));
      const again = await profiles.register(email, { id });
      expect(together).toEqual([again, again, again]);
      expect(again.ok).toBe(true);
      expect([await count('customers', email), await count('names', email)]).toEqual([1, 1]);
      const unused = newEmail();
      const other = await profiles.register(unused, { id });
      expect(other.body.code).toBe('IDEMPOTENCY_KEY_REUSED');
      expect(await count('names', unused)).toBe(0);
      const input = { email, password: 'quite another battery', displayName: 'Ada' };
      expect((await profiles.ask('register', input, newGuest(), { id })).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    });

    it('lets exactly one of many registrations of an address at the same instant win, in any case of letters', async () => {
      for (let round = 0; round < 5; round++) {
        const email = newEmail();
        const spellings = [email, email.toUpperCase(), email, email.replace('a', 'A'), email];
        const replies = await Promise.all(spellings.map((spelling) => profiles.register(spelling)));
        expect(replies.filter(({ ok }) => ok)).toHaveLength(1);
        const codes = replies.filter(({ ok }) => !ok).map(({ body }) => body.code);
        expect(codes).toEqual(['EMAIL_TAKEN', 'EMAIL_TAKEN', 'EMAIL_TAKEN', 'EMAIL_TAKEN']);
        expect([await count('customers', email), await count('names', email)]).toEqual([1, 1]);
      }
    });

    it.each([
      [{ email: 'not an address' }, '/email'],
      [{ password: 'short' }, '/password'],
      [{ password: 'x'.repeat(129) }, '/password'],
      [{ password: 'Password123!' }, '/password'],
      [{ displayName: 'Ada Lovelace', password: 'AdaLovelace1815' }, '/password'],
      [{ displayName: '  ' }, '/displayName'],
      [{ role: 'operator' }, '/role'],
    ])('refuses %p', async (field, pointer) => {
      const input = { email: newEmail(), password: PASSWORD, displayName: 'Ada', ...field };
      const { body } = await profiles.ask('register', input, newGuest());
      expect(body).toMatchObject({ code: 'INVALID_INPUT', problems: [{ pointer }] });
    });

    it('stores no password: not in the tables, not in the inbox, not in the log', async () => {
      const { email } = await registered();
      await profiles.signIn(email);
      let dump = '';
      for (const table of ['customers', 'credentials', 'inbox', 'outbox']) {
        dump += JSON.stringify(await profiles.rows(`SELECT t::text FROM ${table} AS t`));
      }
      expect(dump).toContain(email);
      expect(dump).not.toContain(PASSWORD);
      expect(profiles.logs()).not.toContain(PASSWORD);
      const inbox = await profiles.rows("SELECT reply FROM inbox WHERE reply LIKE '%argon2%'");
      expect(inbox).toEqual([]);
    });
  });

  describe('checkCredentials', () => {
    it('signs in with the address in any case of letters', async () => {
      const { email, customerId } = await registered();
      expect((await profiles.signIn(email.toUpperCase())).body.customerId).toBe(customerId);
    });

    it('says the same to a wrong password and to an unknown address', async () => {
      const { email } = await registered();
      const wrong = await profiles.signIn(email, 'not the password');
      const unknown = await profiles.signIn(newEmail(), 'not the password');
      expect(wrong.body.code).toBe('WRONG_CREDENTIALS');
      expect(unknown).toEqual(wrong);
      const six = await Promise.all(Array.from({ length: 6 }, () => profiles.signIn('nobody@example.com', 'wrong')));
      expect(six.filter(({ body }) => body.code === 'LOCKED_OUT')).toHaveLength(1);
    });

    it('locks out after five wrong passwords, the right one too, and lets in again when the time is over', async () => {
      const { email, customerId } = await registered();
      for (let n = 0; n < 5; n++) expect((await profiles.signIn(email, 'wrong')).body.code).toBe('WRONG_CREDENTIALS');
      const locked = await profiles.signIn(email);
      expect(locked.body.code).toBe('LOCKED_OUT');
      const { detail, retryAfterSeconds } = locked.body;
      expect(detail).toMatch(/try again in (2\d|30) seconds/);
      expect(detail).toContain(`in ${retryAfterSeconds} seconds`);
      const later = `UPDATE credentials SET attempts = jsonb_set(attempts, '{network:,lockedUntil}', 'null')
        WHERE customer_id = $1`;
      await profiles.rows(later, [customerId]);
      expect((await profiles.signIn(email)).ok).toBe(true);
      for (let n = 0; n < 4; n++) await profiles.signIn(email, 'wrong');
      expect((await profiles.signIn(email)).ok).toBe(true);
    });

    it('locks out the network of the wrong passwords only: not the owner, whom it notifies', async () => {
      const { email, customerId } = await registered();
      const device = { id: 'phone', customerId };
      const from = (input: object, password = PASSWORD) =>
        profiles.ask('checkCredentials', { email, password, from: input }, newGuest());
      for (let n = 0; n < 5; n++) await from({ network: '203.0.113.7' }, 'wrong');
      expect((await from({ network: '203.0.113.7' })).body.code).toBe('LOCKED_OUT');
      const another = { id: 'phone', customerId: newId() };
      expect((await from({ network: '203.0.113.7', device: another })).body.code).toBe('LOCKED_OUT');
      expect((await from({ network: '203.0.113.7', device })).ok).toBe(true);
      expect((await from({ network: '2001:db8:0:1' })).ok).toBe(true);
      const me = customer(customerId);
      const input = { currentPassword: PASSWORD, newPassword: 'another battery staple' };
      expect((await profiles.ask('changePassword', input, me)).ok).toBe(true);
      expect((await profiles.ask('listMyNotices', {}, me)).body).toMatchObject({
        items: [{ kind: 'sign-ins-locked', network: '203.0.113.7' }],
      });
      expect((await profiles.events(customerId, 2)).map(({ type }) => type)).toContain('signInsLocked');
    });

    it('lets no more guesses through when they come all at once', async () => {
      const { email } = await registered();
      const guesses = await Promise.all(Array.from({ length: 20 }, (_, n) => profiles.signIn(email, `guess ${n}`)));
      const codes = guesses.map(({ body }) => body.code);
      expect(codes.filter((code) => code === 'WRONG_CREDENTIALS')).toHaveLength(5);
      expect(codes.filter((code) => code === 'LOCKED_OUT')).toHaveLength(15);
    });
  });

  describe('my profile', () => {
    it('changes what is given and publishes it', async () => {
      const me = customer((await registered()).customerId);
      const changed = await profiles.ask('changeMe', { displayName: 'Ada L', phone: '+41446681800' }, me);
      expect(changed.body).toMatchObject({ displayName: 'Ada L', phone: '+41446681800', version: 2 });
      const cleared = await profiles.ask('changeMe', { phone: null }, me);
      expect(cleared.body).toMatchObject({ displayName: 'Ada L', phone: null, version: 3 });
      expect((await profiles.ask('getMe', {}, me)).body).toEqual(cleared.body);
      const events = await profiles.events(cleared.body.customerId, 3);
      expect(events.map(({ type, version }) => [type, version])).toEqual([
        ['customerRegistered', 1],
        ['profileChanged', 2],
        ['profileChanged', 3],
      ]);
    });

    it('refuses a stale If-Match and changes nothing', async () => {
      const me = customer((await registered()).customerId);
      await profiles.ask('changeMe', { displayName: 'New' }, me, { expectedVersion: 1 });
      const stale = await profiles.ask('changeMe', { displayName: 'Lost' }, me, { expectedVersion: 1 });
      expect(stale.body.code).toBe('STALE_VERSION');
      expect((await profiles.ask('getMe', {}, me)).body).toMatchObject({ displayName: 'New', version: 2 });
    });

    it('is not there for a customer of whom nothing is known, nor for guests and services', async () => {
      expect((await profiles.ask('getMe', {}, customer(newId()))).body.code).toBe('NOT_FOUND');
      expect((await profiles.ask('changeMe', { displayName: 'X' }, customer(newId()))).body.code).toBe('NOT_FOUND');
      for (const caller of [newGuest(), { kind: 'service', name: 'order' } as const]) {
        expect((await profiles.ask('getMe', {}, caller)).body.code).toBe('FORBIDDEN');
      }
    });
  });

  describe('changePassword', () => {
    const next = 'another battery staple';

    it('changes it once, also when the command comes again', async () => {
      const { email, customerId } = await registered();
      const [me, id] = [customer(customerId), newId()];
      const input = { currentPassword: PASSWORD, newPassword: next };
      expect(await profiles.ask('changePassword', input, me, { id })).toEqual({ ok: true, body: {} });
      expect(await profiles.ask('changePassword', input, me, { id })).toEqual({ ok: true, body: {} });
      expect((await profiles.signIn(email)).body.code).toBe('WRONG_CREDENTIALS');
      expect((await profiles.signIn(email, next)).ok).toBe(true);
    });

    it('refuses a new one by the rules for new ones, and says so of itself before', async () => {
      const { customerId } = await registered();
      const input = { currentPassword: PASSWORD, newPassword: 'qwertyuiop' };
      const { body } = await profiles.ask('changePassword', input, customer(customerId));
      expect(body).toMatchObject({ code: 'INVALID_INPUT', problems: [{ pointer: '/newPassword' }] });
      const asked = await profiles.ask('passwordStrength', { password: 'qwertyuiop' }, newGuest());
      expect(asked.body).toMatchObject({ score: 0, accepted: false, problem: expect.stringContaining('guessed') });
    });

    it('takes one in any form of its characters, also one that was stored before they were normalised', async () => {
      const { email, customerId } = await registered();
      const typed = 'cafe\u0301 battery staple';
      const before = 'UPDATE credentials SET password_hash = $1 WHERE customer_id = $2';
      await profiles.rows(before, [await hash(typed), customerId]);
      expect((await profiles.signIn(email, typed)).ok).toBe(true);
      const input = { currentPassword: typed, newPassword: 'nai\u0308ve battery staple' };
      expect((await profiles.ask('changePassword', input, customer(customerId))).ok).toBe(true);
      expect((await profiles.signIn(email, 'na\u00efve battery staple')).ok).toBe(true);
    });

    it('publishes that sessions from before end, with the command whose sender stays', async () => {
      const { customerId } = await registered();
      const [me, id, email] = [customer(customerId), newId(), newEmail()];
      await profiles.ask('changePassword', { currentPassword: PASSWORD, newPassword: next }, me, { id });
      await profiles.ask('changeEmail', { email, currentPassword: next }, me);
      const events = (await profiles.events(customerId, 4)).filter(({ type }) => type === 'signInChanged');
      expect(events.map(({ version }) => version)).toEqual([2, 3]);
      expect(events[0]?.data).toMatchObject({ customerId, by: id });
      expect((await profiles.signIn(email, next)).body).toMatchObject({ version: 3 });
      expect((await profiles.ask('provePassword', { password: next }, me)).ok).toBe(true);
      expect((await profiles.ask('provePassword', { password: PASSWORD }, me)).body.code).toBe('WRONG_CREDENTIALS');
    });

    it('refuses another new one under the same id', async () => {
      const { email, customerId } = await registered();
      const id = newId();
      const change = (newPassword: string) =>
        profiles.ask('changePassword', { currentPassword: PASSWORD, newPassword }, customer(customerId), { id });
      expect((await change(next)).ok).toBe(true);
      expect((await change('yet another battery')).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
      expect((await profiles.signIn(email, next)).ok).toBe(true);
    });

    it('asks for the current one, and counts wrong ones like failed sign-ins', async () => {
      const { customerId } = await registered();
      const ask = (currentPassword: string) =>
        profiles.ask('changePassword', { currentPassword, newPassword: next }, customer(customerId));
      for (let n = 0; n < 5; n++) expect((await ask('wrong')).body.code).toBe('WRONG_CREDENTIALS');
      const { code, retryAfterSeconds } = (await ask(PASSWORD)).body;
      expect(code).toBe('LOCKED_OUT');
      expect(retryAfterSeconds).toBeGreaterThan(25);
    });

    it('lets one of two changes at once win', async () => {
      const { email, customerId } = await registered();
      const change = (newPassword: string) =>
        profiles.ask('changePassword', { currentPassword: PASSWORD, newPassword }, customer(customerId));
      const replies = await Promise.all([change('first battery staple'), change('second battery staple')]);
      expect(replies.filter(({ ok }) => ok)).toHaveLength(1);
      const winner = replies[0]?.ok ? 'first battery staple' : 'second battery staple';
      expect((await profiles.signIn(email, winner)).ok).toBe(true);
    });
  });
});
