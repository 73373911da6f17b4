import { newId } from '@stoa/messaging';
import { ended, StockRoom, tally } from '../../../test/stock-room.js';

describe('holds', () => {
  let room: StockRoom;

  beforeAll(async () => {
    room = await StockRoom.open();
  });
  afterAll(() => room.close());
  afterEach(async () => expect(await room.unbalanced()).toEqual([]));

  const line = (sku: string, quantity = 1) => ({ sku, quantity });

  it('holds, confirms and releases', async () => {
    const { clone } = room;
    const sku = await room.stocked(5);
    const orderId = newId();
    const held = await clone.hold(orderId, [line(sku, 2)], 60);
    const [row] = await room.sql<{ until: Date }>('SELECT until FROM holds WHERE order_id = $1', [orderId]);
    expect(held).toEqual({ orderId, until: row?.until.toISOString() });
    expect(await room.shelf(sku)).toEqual({ stock: 5, reserved: 2 });
    expect(await clone.confirm(orderId)).toEqual({ orderId });
    expect(await clone.confirm(orderId)).toEqual({ orderId });
    expect(await clone.release(orderId)).toEqual({ released: true });
    expect(await clone.release(orderId)).toEqual({ released: false });
    expect(await room.shelf(sku)).toEqual({ stock: 5, reserved: 0 });
    expect(await ended(clone.confirm(orderId))).toMatchObject({ code: 'HOLD_EXPIRED' });
    expect(await ended(clone.confirm(newId()))).toMatchObject({ code: 'HOLD_EXPIRED' });
    expect(await clone.release(newId())).toEqual({ released: false });
  });

  it('holds all lines or none, and sums the same SKU in two lines', async () => {
    const { clone } = room;
    const [much, little] = [await room.stocked(10), await room.stocked(3)];
    const orderId = newId();
    const lines = [line(much, 4), line(little, 2), line(little, 2), line(much, 4)];
    const refused = await ended(clone.hold(orderId, lines));
    expect(refused.error).toMatchObject({
      code: 'INSUFFICIENT_STOCK',
      details: { lines: [{ sku: little, wanted: 4, available: 3 }] },
    });
    expect(await room.shelf(much)).toEqual({ stock: 10, reserved: 0 });
    await clone.hold(orderId, [line(little), line(much, 8), line(little, 2)]);
    expect(await room.shelf(much)).toEqual({ stock: 10, reserved: 8 });
    expect(await room.shelf(little)).toEqual({ stock: 3, reserved: 3 });
  });

  it("is not kept out by an order's own hold: it is reused, replaced and extended", async () => {
    const { clone } = room;
    const [a, b] = [await room.stocked(3), await room.stocked(3)];
    const orderId = newId();
    const first = await clone.hold(orderId, [line(a, 3)], 10);
    const again = await clone.hold(orderId, [line(a, 3)], 900);
    expect(Date.parse(again.until)).toBeGreaterThan(Date.parse(first.until));
    expect(await room.shelf(a)).toEqual({ stock: 3, reserved: 3 });
    await clone.hold(orderId, [line(b, 2), line(a, 1)]);
    expect(await room.shelf(a)).toEqual({ stock: 3, reserved: 1 });
    expect(await room.shelf(b)).toEqual({ stock: 3, reserved: 2 });
    // The former hold stays where the new one can't be had.
    expect(await ended(clone.hold(orderId, [line(b, 4)]))).toMatchObject({ code: 'INSUFFICIENT_STOCK' });
    expect(await room.shelf(a)).toEqual({ stock: 3, reserved: 1 });
  });

  it('gives a second delivery the first reply, and changes nothing', async () => {
    const sku = await room.stocked(5);
    const [orderId, id] = [newId(), newId()];
    const first = await room.clone.hold(orderId, [line(sku)], 900, id);
    expect(await room.newClone().hold(orderId, [line(sku)], 900, id)).toEqual(first);
    await room.clone.release(orderId);
    expect(await room.clone.hold(orderId, [line(sku)], 900, id)).toEqual(first);
    expect(await room.shelf(sku)).toEqual({ stock: 5, reserved: 0 });
  });

  it('ends by the clock of the database, but not once it is confirmed', async () => {
    const { clone } = room;
    const sku = await room.stocked(5);
    const [over, kept, again] = [newId(), newId(), newId()];
    for (const orderId of [over, kept, again]) await clone.hold(orderId, [line(sku)]);
    await clone.confirm(kept);
    await room.expire(over, kept, again);
    // In the moment before it is swept it is over already; whoever holds again in time keeps the pieces.
    expect(await ended(clone.confirm(over))).toMatchObject({ code: 'HOLD_EXPIRED' });
    await clone.hold(again, [line(sku)]);
    expect(await room.sweep()).toBe(1);
    expect(await room.sweep()).toBe(0);
    expect(await room.shelf(sku)).toEqual({ stock: 5, reserved: 2 });
    expect(await clone.confirm(again)).toEqual({ orderId: again });
    await clone.hold(over, [line(sku, 3)]);
    expect(await room.shelf(sku)).toEqual({ stock: 5, reserved: 5 });
  });

  it('refuses what is not sold, hidden, or in no number that is one', async () => {
    const { clone } = room;
    const [sku, hidden] = [await room.stocked(5), await room.stocked(5, {}, false)];
    expect(await ended(clone.hold(newId(), [line('no-such-sku')]))).toMatchObject({ code: 'UNKNOWN_SKU' });
    expect(await ended(clone.hold(newId(), [line(sku), line(hidden)]))).toMatchObject({ code: 'UNKNOWN_SKU' });
    for (const lines of [[], [line(sku, 0)], [line(sku, -1)], [line(sku, 1.5)], [line(sku, 2_000_000_000)]]) {
      await expect(clone.hold(newId(), lines)).rejects.toThrow('lines');
    }
    await expect(clone.hold(newId(), [line(sku)], 0)).rejects.toThrow('holdSeconds');
    await expect(clone.hold('one', [line(sku)])).rejects.toThrow('orderId');
    expect(await room.shelf(sku)).toEqual({ stock: 5, reserved: 0 });
  });

  it('sells without a bound what is sold when there is none', async () => {
    const sku = await room.stocked(1, { whenOutOfStock: 'continue' });
    await room.clone.hold(newId(), [line(sku, 1_000_000)]);
    expect(await room.shelf(sku)).toEqual({ stock: 1, reserved: 1_000_000 });
  });

  it('gives the last pieces to as many as there are, whichever clone they ask', async () => {
    const sku = await room.stocked(100);
    const clones = [room.clone, room.newClone(), room.newClone()];
    const buyers = Array.from({ length: 600 }, (_, n) => clones[n % clones.length]!);
    const ends = await Promise.all(buyers.map((clone) => ended(clone.hold(newId(), [line(sku)]))));
    expect(tally(ends)).toEqual({ ok: 100, INSUFFICIENT_STOCK: 500 });
    expect(await room.shelf(sku)).toEqual({ stock: 100, reserved: 100 });
    expect(room.failures).toEqual([]);
  }, 60_000);

  it('never has two wait for each other, in whatever order they name their SKUs', async () => {
    const skus = await Promise.all(Array.from({ length: 6 }, () => room.stocked(10_000)));
    const clones = [room.clone, room.newClone(), room.newClone()];
    const orders = Array.from({ length: 300 }, () => newId());
    const work = orders.map(async (orderId, n) => {
      const clone = clones[n % clones.length]!;
      const turned = [...skus.slice(n % skus.length), ...skus.slice(0, n % skus.length)];
      const lines = (n % 2 === 0 ? turned : turned.toReversed()).slice(0, 4).map((sku) => line(sku, (n % 3) + 1));
      await clone.hold(orderId, lines);
      await clones[(n + 1) % clones.length]!.hold(orderId, lines.toReversed().slice(1));
      if (n % 3 === 0) await clone.release(orderId);
    });
    await Promise.all(work);
    expect(room.failures).toEqual([]);
  }, 60_000);
});
