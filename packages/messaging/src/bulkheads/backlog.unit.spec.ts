import type { Follower, KafkaRecord } from '@stoa/kafka';
import { Backlog } from './backlog.js';
import { ServerGates } from './server-gates.js';

const record = (offset: number, bucket: number): KafkaRecord => ({
  topic: 't',
  partition: 0,
  offset,
  timestamp: 0,
  key: Buffer.from(String(bucket)),
  value: Buffer.from('{}'),
  headers: {},
});

/** A keyspace of two shards: bucket 1 is on `a` at first. */
function setUp() {
  const places = new Map([
    [1, 'a'],
    [2, 'a'],
    [3, 'b'],
  ]);
  const servers = [{ name: 'a' }, { name: 'b' }] as never;
  const gates = new ServerGates({ servers: () => servers, serverNameOf: (bucket) => places.get(bucket) }, 10);
  const handled: { offset: number; finish: () => void }[] = [];
  const steps: string[] = [];
  const follower = {
    pause: () => void steps.push('pause'),
    resume: () => undefined,
    close: async () => void steps.push('close'),
  } as unknown as Follower;
  const options = {
    gates,
    bucketOf: ({ key }: KafkaRecord) => Number(key),
    handle: (one: KafkaRecord, finished: () => void) =>
      void handled.push({
        offset: one.offset,
        finish: () => {
          gates.discount(one);
          finished();
        },
      }),
  };
  const begin = (first: KafkaRecord): Backlog => {
    const backlog = new Backlog(options, gates.of(Number(first.key)), first);
    backlog.leave(first, Number(first.key));
    expect(backlog.hasRoom()).toBe(true);
    backlog.readThrough(follower);
    return backlog;
  };
  return { places, gates, handled, steps, begin, offsets: () => handled.map(({ offset }) => offset) };
}

describe('Backlog', () => {
  it('hands on what was left, nothing else, and closes behind the last of it', () => {
    const { begin, offsets, steps } = setUp();
    const backlog = begin(record(10, 1));
    backlog.leave(record(13, 2), 2);
    backlog.take([record(10, 1), record(11, 3), record(12, 3), record(13, 2), record(14, 1)]);
    expect(offsets()).toEqual([10, 13]);
    expect([backlog.isClosed, backlog.isDone, steps]).toEqual([true, false, ['close']]);
  });

  it('goes on for as long as more is left, and may be committed up to what is not handled', () => {
    const { begin, handled } = setUp();
    const backlog = begin(record(10, 1));
    backlog.leave(record(20, 1), 1);
    backlog.take([record(10, 1)]);
    expect([backlog.isClosed, backlog.committable]).toEqual([false, 10]);
    handled[0]!.finish();
    expect(backlog.committable).toBe(11);
    backlog.leave(record(30, 1), 1);
    backlog.take([record(20, 1), record(30, 1)]);
    handled[2]!.finish();
    expect([backlog.committable, backlog.isDone]).toEqual([20, false]);
    handled[1]!.finish();
    expect(backlog.isDone).toBe(true);
  });

  it('holds the events left of a bucket that moves to another server meanwhile, and its later ones', () => {
    const { places, gates, begin, offsets } = setUp();
    const backlog = begin(record(10, 1));
    backlog.leave(record(11, 1), 1);
    places.set(1, 'b');
    expect([backlog.isOpenFor(record(12, 1)), backlog.has(1)]).toEqual([true, true]);
    expect(backlog.has(3)).toBe(false);
    backlog.leave(record(12, 1), 1);
    backlog.take([record(10, 1), record(11, 1), record(12, 1)]);
    expect(offsets()).toEqual([10, 11, 12]);
    expect(gates.of(1).messages).toBe(3);
    expect(backlog.isOpenFor(record(13, 1))).toBe(false);
  });

  it('waits where the server has no room, and goes on where it stopped', () => {
    const { begin, handled, offsets, steps } = setUp();
    const backlog = begin(record(0, 1));
    const many = Array.from({ length: 1_500 }, (_, offset) => record(offset, 1));
    for (const one of many) backlog.leave(one, 1);
    backlog.take(many.slice(0, 1_200));
    expect([handled.length, steps, backlog.hasRoom()]).toEqual([1_000, ['pause'], false]);
    for (const { finish } of handled.slice(0, 600)) finish();
    expect(backlog.hasRoom()).toBe(true);
    backlog.handOn();
    backlog.take(many.slice(1_200));
    expect(offsets()).toEqual(many.map(({ offset }) => offset));
    expect(steps).toEqual(['pause', 'close']);
  });
});
