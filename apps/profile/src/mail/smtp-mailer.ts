import { createTransport } from 'nodemailer';
import type { Mail, Mailer } from './mailer.js';

/** A server that takes longer is tried again: the mail stays queued. */
const TIMEOUT_MS = 15_000;

/** Sends by SMTP (RFC 5321), over a few connections that stay open. */
export class SmtpMailer implements Mailer {
  private readonly transport;

  /** @param url `smtp://` or `smtps://`, with user and password where the server wants them */
  constructor(
    url: string,
    private readonly from: string,
  ) {
    const timeouts = { connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS };
    this.transport = createTransport({ url, pool: true, disableFileAccess: true, disableUrlAccess: true, ...timeouts });
  }

  async send(mail: Mail): Promise<void> {
    const { id, to, subject, text } = mail;
    await this.transport.sendMail({
      messageId: `<${id}@stoa>`,
      from: this.from,
      to: { name: '', address: to },
      subject,
      text,
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
  }

  close(): void {
    this.transport.close();
  }
}
