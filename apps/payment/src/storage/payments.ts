import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { PaymentAttempt } from '@stoa/payment-contract';
import type { SqlDatabase } from '@stoa/postgres';

interface PaymentRow {
  readonly attempt_id: string;
  readonly order_id: string;
  readonly customer_id: string;
  readonly status: string;
  readonly currency: string;
  readonly amount: string;
  readonly created_at: Date;
}

const LATEST = `
  SELECT attempt_id, order_id, customer_id, status, currency, amount, created_at FROM payments
  WHERE bucket = $1 AND customer_id = $2 ORDER BY created_at DESC, attempt_id DESC LIMIT 100`;

/** Payments in Postgres. */
@Injectable()
export class Payments {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  /** A customer's latest attempts to pay. */
  async latest(customerId: string): Promise<PaymentAttempt[]> {
    const bucket = this.database.bucketOf(customerId);
    const rows = await this.database.read<PaymentRow>(bucket, { text: LATEST, values: [bucket, customerId] });
    return rows.map((row) => ({
      attemptId: row.attempt_id,
      orderId: row.order_id,
      customerId: row.customer_id,
      status: row.status,
      amount: { amount: Number(row.amount), currency: row.currency },
      createdAt: row.created_at.toISOString(),
    }));
  }
}
