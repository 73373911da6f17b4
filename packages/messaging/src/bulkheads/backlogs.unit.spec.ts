import { eventually } from '@stoa/testing';
import type { Follower, FollowOptions, KafkaPort, KafkaRecord } from '@stoa/kafka';
import { Backlogs } from './backlogs.js';
import { ServerGates } from './server-gates.js';

/** More than any server may have in memory. */
const FULL = 2_000;

const record = (offset: number, bucket: number): KafkaRecord => ({
  topic: 'events',
  partition: 0,
  offset,
  timestamp: 0,
  headers: {},
  key: Buffer.from(String(bucket)),
  value: Buffer.from('{}'),
});
const bucketOf = ({ key }: KafkaRecord): number => Number(key?.toString());

describe('Backlogs', () => {
  it('keep the order of a bucket that moves to a server that has left events as well', async () => {
    const servers = new Map([
      [1, 'a'],
      [2, 'c'],
    ]);
    const database = { serverNameOf: (bucket: number) => servers.get(bucket), servers: () => [{}, {}] as never };
    const gates = new ServerGates(database, 10);
    const opened: FollowOptions[] = [];
    const follow = async (options: FollowOptions): Promise<Follower> => {
      opened.push(options);
      return {
        pause: () => undefined,
        resume: () => undefined,
        position: () => 0,
        seek: () => undefined,
        close: async () => undefined,
      };
    };
    const handled: number[] = [];
    const backlogs = new Backlogs({
      port: { follow } as unknown as KafkaPort,
      gates,
      retryMs: 10,
      stopping: new AbortController().signal,
      logger: { warn: () => undefined } as never,
      bucketOf,
      handle: ({ offset }) => handled.push(offset),
    });
    const [a, c] = [gates.of(1), gates.of(2)];
    const all = [2, 1, 2, 2, 1].map((bucket, offset) => record(offset, bucket));
    const leave = (one: KafkaRecord): boolean => backlogs.leaves(one, bucketOf(one), gates.of(bucketOf(one)));
    [a.messages, c.messages] = [FULL, FULL];
    expect(all.slice(0, 4).map(leave)).not.toContain(false);
    c.messages = 0;
    backlogs.readOn();
    await eventually(() => expect(opened).toHaveLength(1));
    opened[0]!.onRecords(all.slice(0, 3));
    expect(handled).toEqual([0, 2]);

    // The first server's backlog has not been read yet; the other's has been read beyond what is left there.
    servers.set(1, 'c');
    expect(leave(all[4]!)).toBe(true);
    opened[0]!.onRecords(all.slice(3));
    a.messages = 0;
    backlogs.readOn();
    await eventually(() => expect(opened).toHaveLength(2));
    opened[1]!.onRecords(all.slice(1));
    expect(handled).toEqual([0, 2, 3, 1, 4]);
  });
});
