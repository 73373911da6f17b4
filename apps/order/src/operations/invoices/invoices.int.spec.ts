import { newId } from '@stoa/messaging';
import type { Invoice, RefundSplit } from '@stoa/order-contract';
import { eventually } from '@stoa/testing';
import { writeOrders } from '../../../test/placed-orders.js';
import { anInput } from '../../../test/pricing-arbitraries.js';
import { operator, RulesService, shopper } from '../../../test/rules-service.js';
import { planRefund } from '../../domain/refunds/plan-refund.js';
import { price } from '../../domain/pricing/price.js';

const quote = price(anInput({ lines: [{ sku: 'SKU-0', quantity: 3 }] }));

describe('invoices of orders', () => {
  let service: RulesService;

  beforeAll(async () => {
    service = await RulesService.start();
    await service.startClone();
    await service.startClone();
  });
  afterAll(() => service.stop());

  const write = (orders: Parameters<typeof writeOrders>[1]) => writeOrders(service.data.directoryUrl, orders);
  const issue = async (orderId: string, refundId?: string) =>
    (await service.ask<Invoice>('issueInvoice', { orderId, ...(refundId !== undefined && { refundId }) })).body;

  it('are issued once each, in their series, and stay as they were', async () => {
    const me = shopper();
    const refundId = newId();
    const split = planRefund(quote, [], { lines: [{ sku: 'SKU-0', quantity: 1 }] }, quote.total) as RefundSplit;
    const refunds = [{ refundId, amount: split.amount, split }];
    const [orderId = '', other = ''] = await write([
      { customerId: me.customerId, quote, refunds },
      { customerId: newId(), quote },
    ]);
    const [first, again] = [await issue(orderId), await issue(orderId)];
    expect(first).toMatchObject({
      kind: 'invoice',
      number: 'INV-000001',
      total: quote.total,
      buyer: ['Ada Lovelace', '12 Dorset St', 'London W1U 6QS', 'GB'],
    });
    expect(again).toEqual(first);
    expect(await issue(other)).toMatchObject({ number: 'INV-000002' });
    const note = await issue(orderId, refundId);
    expect(note).toMatchObject({ kind: 'credit_note', number: 'CN-000001', total: split.amount, note: 'Scratched' });
    expect(await issue(orderId, newId())).toMatchObject({ code: 'NOT_FOUND' });
    expect((await service.ask('listInvoices', { orderId }, me)).body).toEqual({ items: [first, note] });
  });

  it('are printed for the owner of the order and for operators, and for nobody else', async () => {
    const me = shopper();
    const [orderId = ''] = await write([{ customerId: me.customerId, quote }]);
    const { number } = await issue(orderId);
    for (const caller of [me, operator]) {
      const { body } = await service.ask<{ contentType: string; chunk: string }>(
        'printInvoice',
        { orderId, number },
        caller,
      );
      expect(body.contentType).toBe('text/html; charset=utf-8');
      expect(body.chunk).toContain(`Invoice ${number}`);
    }
    const stranger = shopper();
    expect((await service.ask('printInvoice', { orderId, number }, stranger)).body.code).toBe('NOT_FOUND');
    expect((await service.ask('listInvoices', { orderId }, stranger)).body.code).toBe('NOT_FOUND');
    expect((await service.ask('issueInvoice', { orderId }, me)).body.code).toBe('FORBIDDEN');
  });

  it('are of orders that were placed', async () => {
    const [orderId = ''] = await write([{ customerId: newId(), quote, isPlaced: false }]);
    expect(await issue(orderId)).toMatchObject({ code: 'NOT_INVOICEABLE' });
    expect(await issue(newId())).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('have no number without a document and no gap, also where clones die while they are issued', async () => {
    const before = await service.rows<{ number: number }>("SELECT number FROM invoice_numbers WHERE series = 'INV'");
    const ids = await write(Array.from({ length: 20 }, () => ({ customerId: newId(), quote })));
    const asked = ids.map((orderId) =>
      service.ask('issueInvoice', { orderId }, operator, { budgetMs: 3_000 }).catch(() => undefined),
    );
    await eventually(async () => {
      const begun = await service.rows<{ order_id: string }>('SELECT order_id FROM invoices');
      expect(begun.some((row) => ids.includes(row.order_id))).toBe(true);
    });
    await service.killClones();
    await Promise.all(asked);
    await service.startClone();
    // Those that had begun go on by themselves; the others are asked for again, as a client would.
    await Promise.all(ids.map((orderId) => service.ask('issueInvoice', { orderId })));
    const numbers = await service.rows<{ number: number; document_id: string }>(
      "SELECT number, document_id FROM invoice_numbers WHERE series = 'INV' ORDER BY number",
    );
    expect(numbers.map(({ number }) => number)).toEqual(numbers.map((_, n) => n + 1));
    expect(numbers).toHaveLength(before.length + ids.length);
    await eventually(async () => {
      const issued = await service.rows<{ document_id: string }>(
        "SELECT document_id FROM invoices WHERE series = 'INV' AND number IS NOT NULL",
      );
      expect(new Set(issued.map((row) => row.document_id))).toEqual(new Set(numbers.map((row) => row.document_id)));
    });
  });
});
