import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { DatabaseServer, Sql, SqlDatabase } from '@stoa/postgres';
import { isOwned } from '@stoa/sharding';
import type { MailKind } from '../domain/mail-text.js';

/** Where a mail's row is. */
export interface MailKey {
  readonly customerId: string;
  readonly mailId: string;
}

/** A mail that waits to be sent. */
export interface QueuedMail extends MailKey {
  readonly kind: MailKind;
  readonly email: string;
  /** Of the link in it, if its kind has one. */
  readonly linkId: string | null;
  /** Of no use any more after that: the link's expiry. */
  readonly expiresAt: Date;
}

const INSERT = `
  INSERT INTO mails (bucket, customer_id, mail_id, kind, email, link_id, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`;
const DUE = `
  SELECT customer_id AS "customerId", mail_id AS "mailId" FROM mails
  WHERE ${isOwned('bucket')} AND due_at <= now() ORDER BY due_at LIMIT $1`;
// The next try is in a minute, then in two, four … up to an hour.
const CLAIM = `
  UPDATE mails SET attempts = attempts + 1, due_at = now() + make_interval(mins => least(60, 2 ^ attempts)::integer)
  WHERE bucket = $1 AND customer_id = $2 AND mail_id = $3 AND due_at <= now()
  RETURNING customer_id AS "customerId", mail_id AS "mailId", kind, email, link_id AS "linkId",
    expires_at AS "expiresAt"`;
const DELETE = 'DELETE FROM mails WHERE bucket = $1 AND customer_id = $2 AND mail_id = $3';

/** Mails to send, in their customer's bucket: the outbox of mail. */
@Injectable()
export class Mails {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  shards(): readonly DatabaseServer[] {
    return this.database.servers();
  }

  async insert(tx: Sql, bucket: number, mail: QueuedMail): Promise<void> {
    const { customerId, mailId, kind, email, linkId, expiresAt } = mail;
    await tx.query(INSERT, [bucket, customerId, mailId, kind, email, linkId, expiresAt]);
  }

  /** Mails of a shard that are to be sent now, the oldest first. */
  async due(shard: DatabaseServer, most: number): Promise<MailKey[]> {
    return (await shard.transaction((tx) => tx.query<MailKey>(DUE, [most]))).rows;
  }

  /** Takes a mail to send it: nobody else sends it for a minute. @returns undefined when another has it. */
  claim({ customerId, mailId }: MailKey): Promise<QueuedMail | undefined> {
    const bucket = this.database.bucketOf(customerId);
    return this.database.transaction(
      bucket,
      async (tx) => (await tx.query<QueuedMail>(CLAIM, [bucket, customerId, mailId])).rows[0],
    );
  }

  /** Drops one that was sent, or is of no use any more. */
  async delete({ customerId, mailId }: MailKey): Promise<void> {
    const bucket = this.database.bucketOf(customerId);
    await this.database.transaction(bucket, (tx) => tx.query(DELETE, [bucket, customerId, mailId]));
  }
}
