import type { MailText } from '../domain/mail-text.js';

/** A mail as it is sent. */
export interface Mail extends MailText {
  /** The same whenever it is sent again: a mail server or reader can drop the second. */
  readonly id: string;
  readonly to: string;
}

/** The port for mail. */
export interface Mailer {
  /** Resolves once another program has the mail for good. @throws what kept it from that */
  send(mail: Mail): Promise<void>;
  close(): void;
}

/** Injection token of the Mailer; null where the shop sends no mail. */
export const MAILER = Symbol('profile.mailer');
