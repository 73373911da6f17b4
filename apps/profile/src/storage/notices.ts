import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { Sql, SqlDatabase } from '@stoa/postgres';

/** One thing about the safety of an account, for its owner to read. */
export interface Notice {
  readonly kind: 'sign-ins-locked';
  readonly at: string;
  /** Where it came from, as far as that is known. */
  readonly network: string | null;
}

/** How many notices there were ever, with the one that was added, and when the one before it was. */
export interface Added {
  readonly count: number;
  readonly before: Date | null;
}

/** How many are kept of an account. */
export const MOST_NOTICES = 20;

const READ = 'SELECT notices FROM credentials WHERE bucket = $1 AND customer_id = $2';
const ADD = `
  UPDATE credentials
  SET notice_count = notice_count + 1,
    notices = jsonb_path_query_array(jsonb_build_array($3::jsonb) || notices, '$[0 to ${MOST_NOTICES - 1}]')
  WHERE bucket = $1 AND customer_id = $2
  RETURNING notice_count, notices -> 1 ->> 'at' AS before`;

/** The last notices of each account, the newest first. They are beside its credentials, and go with them. */
@Injectable()
export class Notices {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  /** @returns undefined when there is no such customer. */
  async read(customerId: string): Promise<readonly Notice[] | undefined> {
    const bucket = this.database.bucketOf(customerId);
    const statement = { text: READ, values: [bucket, customerId] };
    return (await this.database.read<{ notices: Notice[] }>(bucket, statement))[0]?.notices;
  }

  /** Undefined when there is no such customer. */
  async add(tx: Sql, bucket: number, customerId: string, notice: Notice): Promise<Added | undefined> {
    const values = [bucket, customerId, JSON.stringify(notice)];
    const [row] = (await tx.query<{ notice_count: number; before: string | null }>(ADD, values)).rows;
    return row && { count: row.notice_count, before: row.before === null ? null : new Date(row.before) };
  }
}
