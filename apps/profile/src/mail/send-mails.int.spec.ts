import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { eventually, uniqueName, type Clone } from '@stoa/testing';
import { SMTPServer } from 'smtp-server';
import { ProfileService } from '../../test/profile-service.js';

describe('a mail', () => {
  let profiles: ProfileService;
  const received: string[] = [];
  let onMail = (acknowledge: () => void): void => acknowledge();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        received.push(Buffer.concat(chunks).toString());
        onMail(() => done(null));
      });
    },
  });
  server.on('error', () => undefined);

  beforeAll(async () => {
    const listening = server.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    profiles = await ProfileService.start();
  });
  afterAll(async () => {
    await profiles?.stop();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  const startClone = (): Promise<Clone> => {
    const { port } = server.server.address() as AddressInfo;
    const settings = { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_LINK_SECRET: 'a secret that only the tests have' };
    return profiles.startClone(settings);
  };
  const idOf = (mail: string | undefined): string | undefined => /^Message-ID: (\S+)/im.exec(mail ?? '')?.[1];
  const queued = (email: string) => profiles.rows('SELECT attempts FROM mails WHERE email = $1', [email]);

  it('that a clone sent, and died before it could note that, is sent again under the same id', async () => {
    const first = await startClone();
    let killed: Promise<void> | undefined;
    // Never acknowledged: it dies before that.
    onMail = () => void (killed ??= first.kill());
    const email = `${uniqueName('ada')}@example.com`;
    expect((await profiles.register(email)).ok).toBe(true);
    await eventually(() => expect(killed).toBeDefined());
    await killed;
    expect(await queued(email)).toEqual([{ attempts: 1 }]);

    onMail = (acknowledge) => acknowledge();
    await startClone();
    // Not in a minute, as it would be.
    await profiles.rows('UPDATE mails SET due_at = now() WHERE email = $1 RETURNING 1', [email]);
    await eventually(async () => expect(await queued(email)).toEqual([]));
    expect(received.map(idOf)).toEqual([idOf(received[0]), idOf(received[0])]);
    expect(idOf(received[0])).toMatch(/@stoa>$/);
  });
});
