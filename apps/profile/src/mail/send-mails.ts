import { Inject, Injectable } from '@nestjs/common';
import type { DatabaseServer } from '@stoa/postgres';
import { CONFIG, LOGGER, type Logger } from '@stoa/service';
import type { ProfileConfig } from '../config.js';
import { mailText, purposeOf, type LinkMail } from '../domain/mail-text.js';
import { Mails, type MailKey, type QueuedMail } from '../storage/mails.js';
import { LinkTokens } from './link-tokens.js';
import { MAILER, type Mailer } from './mailer.js';
import { Rounds } from '@stoa/sharded-service';

const EVERY_MS = 1_000;
const MOST_AT_ONCE = 20;

/**
 * SendMails hands queued mails to the mailer and deletes each once it was taken. A clone that dies in between leaves it
 * to another, which sends it again after a minute.
 */
@Injectable()
export class SendMails extends Rounds {
  constructor(
    private readonly mails: Mails,
    private readonly tokens: LinkTokens,
    @Inject(MAILER) private readonly mailer: Mailer | null,
    @Inject(CONFIG) private readonly config: Pick<ProfileConfig, 'MAIL_LINKS_URL'>,
    @Inject(LOGGER) logger: Logger,
  ) {
    super(logger, 'sending mail', EVERY_MS);
  }

  override async onApplicationShutdown(): Promise<void> {
    await super.onApplicationShutdown();
    this.mailer?.close();
  }

  protected shards(): readonly DatabaseServer[] {
    return this.mailer ? this.mails.shards() : [];
  }

  protected async round(shard: DatabaseServer): Promise<void> {
    const due = await this.mails.due(shard, MOST_AT_ONCE);
    await Promise.all(due.map((key) => this.one(key)));
  }

  /** One that fails must not hold up the others. The log names no address. */
  private async one(key: MailKey): Promise<void> {
    const { mailId } = key;
    try {
      const mail = await this.mails.claim(key);
      if (!mail) return;
      if (mail.expiresAt < new Date()) {
        this.logger.error({ mailId, kind: mail.kind }, 'a mail could not be sent until it was of no use any more');
      } else {
        await this.send(mail);
      }
      await this.mails.delete(key);
    } catch (error) {
      this.logger.warn({ err: error, mailId }, 'a mail could not be sent: it is tried again');
    }
  }

  private async send(mail: QueuedMail): Promise<void> {
    const { mailId, kind, email } = mail;
    await this.mailer?.send({ id: mailId, to: email, ...mailText(kind, await this.linkOf(mail)) });
  }

  /** Behind the #, which browsers send to no server: so the token is in no log and no Referer. */
  private async linkOf({ customerId, linkId, kind, expiresAt }: QueuedMail): Promise<string | undefined> {
    if (linkId === null) return undefined;
    const purpose = purposeOf(kind as LinkMail);
    const token = await this.tokens.sign({ customerId, linkId, purpose, expiresAt });
    return `${this.config.MAIL_LINKS_URL.replace(/\/$/, '')}/${purpose}#token=${token}`;
  }
}
