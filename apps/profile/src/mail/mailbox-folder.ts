import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mail, Mailer } from './mailer.js';

/**
 * Writes mails into a folder that its owner alone may read, for one machine: a file each, as a message (RFC 5322) whose
 * text is not encoded, so that its links can be taken from it.
 */
export class MailboxFolder implements Mailer {
  constructor(
    private readonly folder: string,
    private readonly from: string,
  ) {}

  async send({ id, to, subject, text }: Mail): Promise<void> {
    const headers = [
      `Message-ID: <${id}@stoa>`,
      `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
      `From: ${this.from}`,
      `To: ${to}`,
      `Subject: ${subject}`,
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
    ];
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const file = join(this.folder, `${id}.eml`);
    // Whole or not there, for those who look in between.
    await writeFile(`${file}.new`, [...headers, '', ...text.split('\n')].join('\r\n'), { mode: 0o600 });
    await rename(`${file}.new`, file);
  }

  close(): void {
    // Nothing is open between two mails.
  }
}
