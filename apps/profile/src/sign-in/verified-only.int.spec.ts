import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, uniqueName } from '@stoa/testing';
import { newGuest, PASSWORD, ProfileService } from '../../test/profile-service.js';

describe('a shop whose customers sign in with verified addresses only', () => {
  let profiles: ProfileService;
  let mailbox: string;

  beforeAll(async () => {
    mailbox = await mkdtemp(join(tmpdir(), 'stoa-mailbox-'));
    profiles = await ProfileService.start();
    await profiles.startClone({
      MAILBOX_DIR: mailbox,
      MAIL_LINK_SECRET: 'a secret that only the tests have',
      SIGN_IN_NEEDS_VERIFIED_EMAIL: 'on',
    });
  });
  afterAll(async () => {
    await profiles?.stop();
    await rm(mailbox, { recursive: true, force: true });
  });

  const verificationOf = (email: string): Promise<string> =>
    eventually(async () => {
      const files = (await readdir(mailbox)).filter((file) => file.endsWith('.eml'));
      const mails = await Promise.all(files.map((file) => readFile(join(mailbox, file), 'utf8')));
      const token = mails
        .filter((mail) => mail.includes(`To: ${email}\r\n`))
        .join('')
        .match(/token=(\S+)/)?.[1];
      if (token === undefined) throw new Error(`no mail to ${email}`);
      return token;
    });

  it('shows by no sign-in behind a registration whether the address had an account', async () => {
    const [known, unknown] = [uniqueName('ada'), uniqueName('bea')].map((name) => `${name}@example.com`);
    await profiles.register(known!);
    await profiles.ask('verifyEmail', { token: await verificationOf(known!) }, newGuest());
    expect((await profiles.signIn(known!)).ok).toBe(true);

    const password = 'a password of a stranger';
    const probe = async (email: string) => {
      const { ok } = await profiles.ask('register', { email, password, displayName: 'Eve' }, newGuest());
      return { ok, signIn: await profiles.signIn(email, password) };
    };
    const probes = [await probe(known!), await probe(unknown!)];
    expect(probes[0]).toEqual(probes[1]);
    expect(probes[0]).toMatchObject({ ok: true, signIn: { ok: false, body: { code: 'WRONG_CREDENTIALS' } } });
    await profiles.ask('verifyEmail', { token: await verificationOf(unknown!) }, newGuest());
    expect((await profiles.signIn(unknown!, password)).ok).toBe(true);
    expect((await profiles.signIn(known!, PASSWORD)).ok).toBe(true);
  });
});
