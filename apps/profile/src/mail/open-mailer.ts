import { CONFIG, LOGGER, type Logger } from '@stoa/service';
import type { ProfileConfig } from '../config.js';
import { MailboxFolder } from './mailbox-folder.js';
import { MAILER, type Mailer } from './mailer.js';
import { SmtpMailer } from './smtp-mailer.js';

/**
 * The mailer that the settings name.
 * @throws Error when they name one, but no secret for the links in its mails.
 */
export function openMailer(config: ProfileConfig, logger: Logger): Mailer | null {
  const { SMTP_URL: url, MAILBOX_DIR: folder, MAIL_FROM: from, MAIL_LINK_SECRET: secret } = config;
  if (url === undefined && folder === undefined) {
    logger.warn({}, 'no mail is sent: set SMTP_URL or MAILBOX_DIR');
    return null;
  }
  if (secret === undefined) throw new Error('MAIL_LINK_SECRET must be set where mail is sent: it signs the links');
  return url === undefined ? new MailboxFolder(folder!, from) : new SmtpMailer(url, from);
}

/** Provides the Mailer. */
export const mailerProvider = { provide: MAILER, useFactory: openMailer, inject: [CONFIG, LOGGER] };
