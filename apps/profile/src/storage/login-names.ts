import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, type Sql } from '@stoa/messaging';
import { PgDatabase } from '@stoa/service';

const FIND = 'SELECT customer_id FROM login_names WHERE bucket = $1 AND kind = $2 AND name = $3';
const TAKE = `
  INSERT INTO login_names (bucket, kind, name, customer_id, created_at) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (bucket, kind, name) DO NOTHING`;

/** Who signs in under which e-mail address. Addresses are folded by the caller. */
@Injectable()
export class LoginNames {
  constructor(@Inject(DATABASE) private readonly database: PgDatabase) {}

  async find(email: string): Promise<string | undefined> {
    const bucket = this.database.bucketOf(email);
    const statement = { text: FIND, values: [bucket, 'email', email] };
    const [row] = await this.database.read<{ customer_id: string }>(bucket, statement);
    return row?.customer_id;
  }

  /** False when somebody has the name already; waits for whoever is just taking it. */
  async take(tx: Sql, email: string, customerId: string, now: Date): Promise<boolean> {
    const { rowCount } = await tx.query(TAKE, [this.database.bucketOf(email), 'email', email, customerId, now]);
    return rowCount === 1;
  }
}
