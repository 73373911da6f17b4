import { newId, type Caller } from '@stoa/messaging';
import { eventually } from '@stoa/testing';
import { CatalogService, type OrderEvent } from '../../test/catalog-service.js';
import { productInput, variantInput } from '../../test/inputs.js';

const ORDER: Caller = { kind: 'service', name: 'order' };

let service: CatalogService;
beforeAll(async () => {
  service = await CatalogService.start();
});
afterAll(() => service.stop(), 60_000);

async function stocked(stock: number): Promise<string> {
  const handle = `p-${newId()}`;
  await service.ask('createProduct', productInput(handle, { variants: [variantInput(handle, { stock })] }));
  return handle;
}

/** The events of a new order of one piece. */
function orderOf(sku: string) {
  const [customerId, orderId] = [newId(), newId()];
  const lines = [{ sku, quantity: 1 }];
  const total = { amount: 1, currency: 'USD' };
  const event = (type: OrderEvent['type'], version: number, more: object = {}): OrderEvent => ({
    type,
    version,
    data: { customerId, orderId, ...more },
  });
  return {
    hold: (caller: Caller = ORDER) =>
      service.ask<{ code?: string }>('holdStock', { orderId, lines, holdSeconds: 900 }, caller),
    placed: event('orderPlaced', 1, { number: '1', lines, total, cartVersion: 1, coupon: null }),
    refused: event('orderRefused', 1, { reason: 'shopper' }),
    cancelled: event('orderCancelled', 2, { lines, reason: 'shopper' }),
    restocked: event('itemsRestocked', 2, { returnId: newId(), lines }),
  };
}

it('lets the service order hold stock, and nobody else', async () => {
  const clone = await service.startClone();
  const sku = await stocked(1);
  const others: Caller[] = [
    { kind: 'customer', customerId: newId() },
    { kind: 'guest', customerId: newId() },
    { kind: 'operator', customerId: newId() },
    { kind: 'service', name: 'cart' },
  ];
  for (const caller of others) expect((await orderOf(sku).hold(caller)).body.code).toBe('FORBIDDEN');
  expect(await orderOf(sku).hold()).toMatchObject({ ok: true });
  expect((await orderOf(sku).hold()).body).toMatchObject({
    code: 'INSUFFICIENT_STOCK',
    details: { lines: [{ sku, wanted: 1, available: 0 }] },
  });
  await clone.stop();
});

it('settles what is reported of orders once, though it comes twice and a clone is killed', async () => {
  const killed = await service.startClone();
  const sku = await stocked(100);
  const orders = Array.from({ length: 60 }, () => orderOf(sku));
  await Promise.all(orders.map(({ hold }) => hold()));
  expect(await service.shelf(sku)).toEqual({ stock: 100, reserved: 60 });
  const [placed, refused, cancelled, restocked] = [0, 1, 2, 3].map((n) => orders.filter((_, at) => at % 4 === n));
  const first = orders.map((order) => (refused?.includes(order) ? order.refused : order.placed));
  await service.report([...first, ...first]);
  await killed.kill();
  await service.startClone();
  await service.report([
    ...(cancelled ?? []).flatMap((order) => [order.cancelled, order.cancelled]),
    ...(restocked ?? []).flatMap((order) => [order.restocked, order.restocked]),
  ]);
  const sold = placed?.length ?? 0;
  await eventually(async () => expect(await service.shelf(sku)).toEqual({ stock: 100 - sold, reserved: 0 }));
  const { body } = await service.ask<{ items: { kind: string }[] }>('listStockMovements', { sku, limit: 200 });
  const count = (kind: string): number => body.items.filter((each) => each.kind === kind).length;
  expect([count('sold'), count('cancelled'), count('returned')]).toEqual([45, 15, 15]);
}, 120_000);
