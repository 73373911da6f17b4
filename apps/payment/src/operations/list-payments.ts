import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import type { payment as contract, PaymentStatus, PaymentSummary } from '@stoa/payment-contract';
import { PaymentLists, type SummaryRow } from '../storage/payment-lists.js';

type ListPaymentsHandler = Handler<typeof contract.listPayments>;

@Injectable()
export class ListPayments implements ListPaymentsHandler {
  constructor(private readonly lists: PaymentLists) {}

  readonly handle: ListPaymentsHandler['handle'] = async (list, { budgetMs }) => {
    const { rows, next, previous } = await this.lists.page(list, budgetMs);
    return { items: rows.map(summaryOf), next: next ?? null, previous: previous ?? null };
  };
}

function summaryOf(row: SummaryRow): PaymentSummary {
  const money = (amount: string): PaymentSummary['amount'] => ({ amount: Number(amount), currency: row.currency });
  return {
    paymentId: row.order_id,
    customerId: row.customer_id,
    status: row.status as PaymentStatus,
    amount: money(row.amount),
    captured: money(row.captured),
    refunded: money(row.refunded),
    pendingRefunds: money(row.pending_refunds),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
