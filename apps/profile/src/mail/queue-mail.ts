import { Inject, Injectable } from '@nestjs/common';
import { newId } from '@stoa/messaging';
import type { Sql } from '@stoa/postgres';
import { hashOfToken, linkExpiry, type LinkPurpose } from '../domain/link.js';
import type { LinkMail, Notice } from '../domain/mail-text.js';
import { Links } from '../storage/links.js';
import { Mails } from '../storage/mails.js';
import { LinkTokens } from './link-tokens.js';
import { MAILER, type Mailer } from './mailer.js';

/** A customer who gets a mail. */
interface Recipient {
  readonly customerId: string;
  readonly email: string;
  readonly now: Date;
}

/** A notice is given up after that. */
const NOTICE_HOURS = 48;

/**
 * QueueMail writes mails into the transaction that they report. They are sent behind it (SendMails), at least once:
 * whatever dies, none is lost, and one may come twice under the same Message-ID. Without a mailer nothing is written.
 */
@Injectable()
export class QueueMail {
  constructor(
    private readonly links: Links,
    private readonly mails: Mails,
    private readonly tokens: LinkTokens,
    @Inject(MAILER) private readonly mailer: Mailer | null,
  ) {}

  /** Whether this shop sends mail. */
  get isOn(): boolean {
    return this.mailer !== null;
  }

  /**
   * Queues a mail with a link, unless there was one of the same purpose a moment ago.
   * @param linkId the same when the same request is handled again
   * @param kind the text that the link is in
   */
  async link(
    tx: Sql,
    bucket: number,
    purpose: LinkPurpose,
    to: Recipient,
    { linkId = newId(), kind = purpose }: { linkId?: string; kind?: LinkMail } = {},
  ): Promise<void> {
    if (!this.isOn) return;
    const { customerId, email, now } = to;
    const link = { customerId, linkId, purpose, expiresAt: linkExpiry(purpose, now) };
    const tokenHash = hashOfToken(await this.tokens.sign(link));
    if (!(await this.links.insert(tx, bucket, { ...link, email, tokenHash }))) return;
    const { expiresAt } = link;
    await this.mails.insert(tx, bucket, { customerId, mailId: linkId, kind, email, linkId, expiresAt });
  }

  /** As link, to another address than before: earlier links of the purpose end. */
  async renewedLink(tx: Sql, bucket: number, purpose: LinkPurpose, to: Recipient): Promise<void> {
    await this.links.drop(tx, bucket, to.customerId, purpose);
    await this.link(tx, bucket, purpose, to);
  }

  /** Queues a mail that reports something. */
  async notice(tx: Sql, bucket: number, kind: Notice, to: Recipient): Promise<void> {
    if (!this.isOn) return;
    const { customerId, email, now } = to;
    const expiresAt = new Date(now.getTime() + NOTICE_HOURS * 3_600_000);
    await this.mails.insert(tx, bucket, { customerId, mailId: newId(), kind, email, linkId: null, expiresAt });
  }
}
