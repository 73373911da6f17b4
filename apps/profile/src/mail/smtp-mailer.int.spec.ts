import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { SmtpMailer } from './smtp-mailer.js';

describe('mail by SMTP', () => {
  const received: string[] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _session, done) =>
      username === 'shop' && password === 'secret' ? done(null, { user: username }) : done(new Error('wrong')),
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        received.push(Buffer.concat(chunks).toString());
        done(null);
      });
    },
  });
  let port = 0;

  beforeAll(async () => {
    const listening = server.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    port = (listening.address() as AddressInfo).port;
  });
  afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

  const mail = { id: 'one', to: 'ada@example.com', subject: 'Hello', text: 'https://shop.example/#token=x\n' };

  it('arrives at the server, under an id that stays the same', async () => {
    const mailer = new SmtpMailer(`smtp://shop:secret@127.0.0.1:${port}`, 'Shop <shop@example.com>');
    await mailer.send(mail);
    mailer.close();
    for (const line of [
      'Message-ID: <one@stoa>',
      'To: ada@example.com',
      'Subject: Hello',
      'From: Shop <shop@example.com>',
    ])
      expect(received[0]).toContain(`${line}\r\n`);
    expect(received[0]).toContain('https://shop.example/#token=x');
  });

  it('fails when the server refuses it', async () => {
    const mailer = new SmtpMailer(`smtp://shop:wrong@127.0.0.1:${port}`, 'Shop <shop@example.com>');
    await expect(mailer.send(mail)).rejects.toThrow('Invalid login');
    mailer.close();
  });
});
