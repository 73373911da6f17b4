import { Slots } from './slots.js';

/** Work that ends when it is let go. */
function piece(): { work: () => Promise<string>; end: () => void; started: () => boolean } {
  let isStarted = false;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const work = async (): Promise<string> => {
    isStarted = true;
    await ended;
    return 'done';
  };
  return { work, end: () => end(), started: () => isStarted };
}
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const full = (): Error => new Error('full');

describe('Slots', () => {
  it('runs so many at once, the next in the order in which they came', async () => {
    const slots = new Slots(2, 10, full);
    const pieces = [piece(), piece(), piece(), piece()];
    const all = pieces.map(({ work }) => slots.run(work));
    await settle();
    expect(pieces.map(({ started }) => started())).toEqual([true, true, false, false]);
    pieces[1]?.end();
    await settle();
    expect(pieces.map(({ started }) => started())).toEqual([true, true, true, false]);
    for (const { end } of pieces) end();
    expect(await Promise.all(all)).toEqual(['done', 'done', 'done', 'done']);
  });

  it('refuses at once when too many wait', async () => {
    const slots = new Slots(1, 1, full);
    const pieces = [piece(), piece()];
    const all = pieces.map(({ work }) => slots.run(work));
    await expect(slots.run(async () => 'never')).rejects.toThrow('full');
    for (const { end } of pieces) end();
    await Promise.all(all);
  });

  it('lets the known go first, and leaves them places however many strangers came', async () => {
    const slots = new Slots(1, 1, full);
    const order: string[] = [];
    const first = piece();
    const all = [slots.run(first.work)];
    const note = (who: string) => async () => {
      order.push(who);
      return who;
    };
    all.push(slots.run(note('stranger')));
    await expect(slots.run(note('never'))).rejects.toThrow('full');
    all.push(slots.run(note('known'), 'known'));
    first.end();
    await Promise.all(all);
    expect(order).toEqual(['known', 'stranger']);
  });

  it('frees the slot of work that fails', async () => {
    const slots = new Slots(1, 0, full);
    await expect(slots.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await slots.run(async () => 'next')).toBe('next');
  });

  it('keeps a place for work that comes later, until it is given back', async () => {
    const slots = new Slots(1, 0, full);
    const place = slots.take();
    await expect(slots.run(async () => 'never')).rejects.toThrow('full');
    expect(await place.run(async () => 'its own')).toBe('its own');
    place.free();
    const unused = slots.take();
    unused.free();
    unused.free();
    expect(await slots.run(async () => 'next')).toBe('next');
    expect(() => [slots.take(), slots.take()]).toThrow('full');
  });
});
