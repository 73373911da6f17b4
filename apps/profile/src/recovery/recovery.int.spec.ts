import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@stoa/messaging';
import { Mover } from '@stoa/sharding';
import { bucketOf } from '@stoa/sharding/testing';
import { eventually, GENEROUS_BUDGET_MS, uniqueName } from '@stoa/testing';
import { customer, newGuest, PASSWORD, ProfileService, type Reply } from '../../test/profile-service.js';
import { profileKeyspace } from '../storage/keyspace.js';

const newEmail = (): string => `${uniqueName('ada')}@example.com`;
const outcome = ({ ok, body }: Reply): string => (ok ? 'ok' : body.code);

describe('mailed links', () => {
  let profiles: ProfileService;
  let mailbox: string;

  beforeAll(async () => {
    mailbox = join(await mkdtemp(join(tmpdir(), 'stoa-mailbox-')), 'mails');
    profiles = await ProfileService.start();
    const settings = { MAILBOX_DIR: mailbox, MAIL_LINK_SECRET: 'a secret that only the tests have' };
    await Promise.all([profiles.startClone(settings), profiles.startClone(settings)]);
  });
  afterAll(async () => {
    await profiles?.stop();
    await rm(mailbox, { recursive: true, force: true });
  });

  const mailsTo = async (email: string): Promise<string[]> => {
    const files = await readdir(mailbox).catch(() => []);
    const mails = files.filter((file) => file.endsWith('.eml')).map((file) => readFile(join(mailbox, file), 'utf8'));
    return (await Promise.all(mails)).filter((mail) => mail.includes(`To: ${email}\r\n`));
  };
  const tokenTo = (email: string, kind: string): Promise<string> =>
    eventually(async () => {
      const found = (await mailsTo(email)).map((mail) => new RegExp(`/${kind}#token=(\\S+)`).exec(mail)?.[1]);
      const [token] = found.filter((each) => each !== undefined);
      if (token === undefined) throw new Error(`no mail with /${kind} to ${email}`);
      return token;
    });
  const registered = async (): Promise<{ email: string; customerId: string }> => {
    const email = newEmail();
    return { email, customerId: (await profiles.register(email)).body.customerId };
  };
  const use = (operation: 'verifyEmail' | 'resetPassword', input: object, id = newId()): Promise<Reply> =>
    profiles.ask(operation, input, newGuest(), { id, budgetMs: GENEROUS_BUDGET_MS });
  const askForReset = (email: string): Promise<Reply> => profiles.ask('requestPasswordReset', { email }, newGuest());
  const isVerified = async (customerId: string): Promise<unknown> =>
    (await profiles.ask('getMe', {}, customer(customerId))).body;

  it('verify the address of a new customer, once, in a folder that nobody else reads', async () => {
    const { email, customerId } = await registered();
    expect(await isVerified(customerId)).toMatchObject({ emailVerified: false });
    const token = await tokenTo(email, 'verify-email');
    const replies = await Promise.all([1, 2, 3, 4].map(() => use('verifyEmail', { token })));
    expect(replies.map(outcome).toSorted()).toEqual(['LINK_ENDED', 'LINK_ENDED', 'LINK_ENDED', 'ok']);
    expect(await isVerified(customerId)).toMatchObject({ emailVerified: true, version: 2 });
    expect((await stat(mailbox)).mode & 0o777).toBe(0o700);
  });

  it('verify a changed address anew, and tell the old one', async () => {
    const { email, customerId } = await registered();
    const token = await tokenTo(email, 'verify-email');
    const other = newEmail();
    const change = { email: other, currentPassword: 'correct horse battery' };
    expect(outcome(await profiles.ask('changeEmail', change, customer(customerId)))).toBe('ok');
    expect(outcome(await use('verifyEmail', { token }))).toBe('LINK_ENDED');
    expect(outcome(await use('verifyEmail', { token: await tokenTo(other, 'verify-email') }))).toBe('ok');
    expect(await isVerified(customerId)).toMatchObject({ email: other, emailVerified: true });
    await eventually(async () => expect((await mailsTo(email)).join('\n')).toContain('address was changed'));
  });

  it('reset the password, once, though its customer was moved meanwhile; sessions from before end', async () => {
    const { email, customerId } = await registered();
    expect(outcome(await askForReset(email.toUpperCase()))).toBe('ok');
    const token = await tokenTo(email, 'reset-password');
    const from = await profiles.placeOf(customerId);
    const to = [...profiles.data.shards.get(profileKeyspace.name)!].find(({ name }) => name !== from)!.name;
    const mover = new Mover({ directoryUrl: profiles.data.directoryAdminUrl });
    const buckets = [bucketOf(customerId)];
    await mover.runMove(await mover.planMove({ keyspace: profileKeyspace.name, buckets, from: from!, to }));

    const ids = [newId(), newId(), newId()];
    const set = (id: string, newPassword: string) => use('resetPassword', { token, newPassword }, id);
    const replies = await Promise.all(ids.map((id, n) => set(id, `correct horse battery ${n}`)));
    expect(replies.map(outcome).toSorted()).toEqual(['LINK_ENDED', 'LINK_ENDED', 'ok']);
    const winner = replies.findIndex(({ ok }) => ok);
    // A retry whose first reply was lost.
    expect(outcome(await set(ids[winner]!, `correct horse battery ${winner}`))).toBe('ok');
    expect((await profiles.signIn(email)).body.code).toBe('WRONG_CREDENTIALS');
    expect((await profiles.signIn(email, `correct horse battery ${winner}`)).body).toMatchObject({
      customerId,
      version: 2,
    });
    expect(await isVerified(customerId)).toMatchObject({ emailVerified: true });
    const [, reset] = await profiles.events(customerId, 2);
    expect(reset).toMatchObject({ type: 'passwordReset', version: 2 });
    await eventually(async () => expect((await mailsTo(email)).join('\n')).toContain('Your password was reset'));
  });

  it('answer a stranger as they answer a customer, and mail nothing', async () => {
    const [stranger, { email }] = [newEmail(), await registered()];
    const [first, second] = [await askForReset(stranger), await askForReset(email)];
    expect(first).toEqual(second);
    await tokenTo(email, 'reset-password');
    await eventually(async () => expect(await profiles.rows('SELECT FROM reset_requests')).toEqual([]));
    expect(await mailsTo(stranger)).toEqual([]);
    // Mailed a moment ago: no mailbox is filled by asking.
    await askForReset(email);
    await eventually(async () => expect(await profiles.rows('SELECT FROM reset_requests')).toEqual([]));
    expect(
      await profiles.rows("SELECT FROM links WHERE email = $1 AND purpose = 'reset-password'", [email]),
    ).toHaveLength(1);
  });

  it('are mailed to whoever has the address of a registration, which is answered as any other', async () => {
    const username = uniqueName('ada').replaceAll('-', '_').slice(0, 30);
    const [id, free, { email, customerId }] = [newId(), newEmail(), await registered()];
    const input = { email: email.toUpperCase(), password: 'quite another battery', displayName: 'Eve', username };
    const again = () => profiles.ask('register', input, newGuest(), { id, budgetMs: GENEROUS_BUDGET_MS });
    const [taken, fresh] = [await again(), await profiles.ask('register', { ...input, email: free }, newGuest())];
    expect(taken).toMatchObject({ ok: true, body: { email, displayName: 'Eve', username, version: 1 } });
    expect(Object.keys(taken.body)).toEqual(Object.keys(fresh.body));
    expect(taken.body.customerId).not.toBe(customerId);
    // The username was not taken by it; a retry gets the first response.
    expect(fresh).toMatchObject({ ok: true, body: { email: free, username } });
    expect(await again()).toEqual(taken);
    expect(outcome(await profiles.ask('getMe', {}, customer(taken.body.customerId)))).toBe('NOT_FOUND');
    expect((await profiles.signIn(email, input.password)).body.code).toBe('WRONG_CREDENTIALS');
    expect((await profiles.signIn(email)).body).toMatchObject({ customerId });

    const token = await tokenTo(email, 'reset-password');
    expect((await mailsTo(email)).join('\n')).toContain('You have an account already');
    expect(outcome(await use('resetPassword', { token, newPassword: 'yet another battery' }))).toBe('ok');
    expect((await profiles.signIn(email, 'yet another battery')).body).toMatchObject({ customerId });
  });

  it('say that a username is taken, whether the address has an account or not', async () => {
    const username = uniqueName('bob').replaceAll('-', '_').slice(0, 30);
    const { email } = await registered();
    const register = (address: string, name: string) =>
      profiles.ask('register', { email: address, password: PASSWORD, displayName: 'Bo', username: name }, newGuest());
    expect(outcome(await register(newEmail(), username))).toBe('ok');
    for (const address of [email, newEmail()])
      expect(outcome(await register(address, username))).toBe('USERNAME_TAKEN');
  });

  it('open nothing when forged, of another purpose, or expired', async () => {
    const { email, customerId } = await registered();
    const token = await tokenTo(email, 'verify-email');
    const [head, , signature] = token.split('.');
    const claims = Buffer.from(JSON.stringify({ sub: customerId, jti: newId(), exp: 4e9 })).toString('base64url');
    for (const forged of [`${head}.${claims}.${signature}`, `${token}x`, 'x', `${head}.${claims}.`])
      expect(outcome(await use('verifyEmail', { token: forged }))).toBe('LINK_ENDED');
    const newPassword = 'quite another battery';
    expect(outcome(await use('resetPassword', { token, newPassword }))).toBe('LINK_ENDED');
    await profiles.rows("UPDATE links SET expires_at = now() - interval '1 s' WHERE customer_id = $1", [customerId]);
    expect(outcome(await use('verifyEmail', { token }))).toBe('LINK_ENDED');
    expect(profiles.logs()).not.toContain(token);
  });
});
