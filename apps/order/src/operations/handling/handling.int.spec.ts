import { newId } from '@stoa/messaging';
import type { Order, OrderWork } from '@stoa/order-contract';
import { writeOrders } from '../../../test/placed-orders.js';
import { anInput } from '../../../test/pricing-arbitraries.js';
import { operator, RulesService, shopper } from '../../../test/rules-service.js';
import { price } from '../../domain/pricing/price.js';

const quote = price(anInput({ lines: ['SKU-0', 'SKU-1'].map((sku) => ({ sku, quantity: 2 })) }));
const lines = (sku: string, quantity: number) => [{ sku, quantity }];

describe("operators' work on orders", () => {
  let service: RulesService;

  beforeAll(async () => {
    service = await RulesService.start();
    await service.startClone();
  });
  afterAll(() => service.stop());

  const placed = async () => {
    const customerId = newId();
    const [orderId = ''] = await writeOrders(service.data.directoryUrl, [{ customerId, quote }]);
    return { customerId, orderId };
  };
  const ask = async (operation: 'shipItems' | 'completeOrder' | 'returnItems', input: object, id = newId()) =>
    (await service.ask<Order & { code?: string }>(operation, input, operator, { id })).body;
  /** The step of a refund, before payment is asked. */
  const refund = async (of: { customerId: string; orderId: string }, request: object, id = newId()) => {
    const what = { work: 'refund', id, request: { lines: [], ...request }, reason: 'Scratched' } as OrderWork;
    return (await service.ask<Order>('workOnOrder', { ...of, what })).body;
  };

  it('ships in parts, completes, and takes back what was shipped', async () => {
    const { orderId } = await placed();
    const tracking = { company: 'Post', code: 'A1' };
    const first = await ask('shipItems', { orderId, lines: lines('SKU-0', 2), tracking });
    expect(first).toMatchObject({ fulfilmentStatus: 'partly', fulfilments: [{ tracking, lines: lines('SKU-0', 2) }] });
    expect(await ask('completeOrder', { orderId })).toMatchObject({ code: 'NOT_COMPLETE' });
    expect(await ask('shipItems', { orderId, lines: lines('SKU-0', 1) })).toMatchObject({ code: 'TOO_MANY' });
    expect(await ask('returnItems', { orderId, lines: lines('SKU-1', 1) })).toMatchObject({ code: 'TOO_MANY' });
    expect(await ask('shipItems', { orderId, lines: lines('SKU-1', 2) })).toMatchObject({
      fulfilmentStatus: 'fulfilled',
    });
    expect(await ask('completeOrder', { orderId })).toMatchObject({ status: 'completed' });
    const back = await ask('returnItems', { orderId, lines: lines('SKU-1', 2), reason: 'Too small' });
    expect(back).toMatchObject({
      returns: [{ reason: 'Too small', lines: [{ sku: 'SKU-1', quantity: 2, restocked: true }] }],
    });
    const { timeline } = back;
    expect(timeline.every(({ by, operatorId }) => by === 'operator' && operatorId !== null)).toBe(true);
  });

  it('does each thing once, however often it is delivered', async () => {
    const { orderId } = await placed();
    const id = newId();
    for (let n = 0; n < 2; n += 1) await ask('shipItems', { orderId, lines: lines('SKU-0', 1) }, id);
    const both = await ask('shipItems', { orderId, lines: lines('SKU-0', 1) });
    expect(both.fulfilments).toHaveLength(2);
  });

  it('plans refunds by piece, shipping and amount, never above what was paid, also many at once', async () => {
    const of = await placed();
    const piece = await refund(of, { lines: lines('SKU-0', 1) });
    expect(piece.refunds).toMatchObject([
      { amount: 1000, status: 'pending', split: { parts: [{ line: 0, quantity: 1 }] } },
    ]);
    expect((await refund(of, { lines: lines('SKU-0', 2) })).code).toBe('REFUND_EXCEEDS_LEFT');
    expect((await refund(of, { lines: lines('SKU-9', 1) })).code).toBe('NOT_ORDERED');
    expect((await refund(of, {})).code).toBe('NOTHING_TO_REFUND');
    await Promise.all(Array.from({ length: 12 }, () => refund(of, { amount: 500 })));
    const last = await refund(of, { amount: quote.total });
    expect(last.code).toBe('REFUND_EXCEEDS_LEFT');
    const [row] = await service.rows<{ body: Order }>('SELECT body FROM orders WHERE order_id = $1', [of.orderId]);
    const amounts = row!.body.refunds.map(({ amount }) => amount);
    // 4,490 were paid: the piece and six amounts fit in it.
    expect(amounts).toEqual([1000, ...Array.from({ length: 6 }, () => 500)]);
  });

  it('is for operators, and on orders that there are', async () => {
    const { orderId } = await placed();
    const input = { orderId, lines: lines('SKU-0', 1) };
    expect((await service.ask('shipItems', input, shopper())).body.code).toBe('FORBIDDEN');
    expect(await ask('shipItems', { ...input, orderId: newId() })).toMatchObject({ code: 'NOT_FOUND' });
  });
});
