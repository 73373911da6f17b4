import type { Incarnation, Placement, ShardMap } from '../map/shard-map.js';
import { compareShard, disagreements } from './compare.js';
import type { Owner, ShardReport } from './report.js';

const SERVER = '7/16384';
const TIMELINE = '00000001';

/** Compares shard a with a map of bucket 0. */
const compare = (
  placed: Placement | undefined,
  owner?: Omit<Owner, 'bucket'>,
  over: Partial<ShardReport> = {},
  known?: Partial<Incarnation>,
) => {
  const map: ShardMap = {
    keyspace: 'shop',
    version: 1,
    shards: new Map(),
    placements: [placed],
    incarnations: new Map([['a', { server: SERVER, timeline: TIMELINE, switches: 3, ...known }]]),
  };
  const report: ShardReport = {
    server: SERVER,
    timeline: TIMELINE,
    serverNow: SERVER,
    timelineNow: TIMELINE,
    switches: 3,
    confirmed: false,
    run: 'now',
    owners: owner ? [{ bucket: 0, ...owner }] : [],
    ...over,
  };
  return compareShard(map, 'a', report);
};
const at = (shard: string, epoch: number): Placement => ({ shard, epoch });

describe('a shard and the map', () => {
  it.each([
    ['it owns what the map gives it', at('a', 1), { state: 'owned', epoch: 1 }],
    ['a move was switched to it, and has not activated it yet', at('a', 2), { state: 'ready', epoch: 2 }],
    ['the map is from before a move to another shard', at('a', 1), { state: 'gone', epoch: 1 }],
    ['the map is from before a move to it', at('b', 1), { state: 'owned', epoch: 2 }],
    ['it released a bucket that moved to another shard', at('b', 2), { state: 'gone', epoch: 1 }],
    ['it never had the bucket', at('b', 1), undefined],
    ['a move brought everything, and was not switched', at('b', 1), { state: 'ready', epoch: 2 }],
  ])('agree: %s', (_, placed, owner) => {
    expect(disagreements(compare(placed, owner))).toEqual([]);
  });

  it.each([
    ['it never heard of a bucket', at('a', 1), undefined],
    ['it had it before it was elsewhere', at('a', 3), { state: 'owned', epoch: 1 }],
    ['it released it before it came back', at('a', 3), { state: 'gone', epoch: 1 }],
  ])('disagree, and it lacks something: %s', (_, placed, owner) => {
    expect(compare(placed, owner)).toMatchObject({ lost: [0], stale: [], letGo: [] });
    expect(disagreements(compare(placed, owner))).toEqual(['the map gives it bucket 0, which it does not have']);
  });

  it('agree on a shard that has not got its first buckets yet, unless the directory knows that it had', () => {
    expect(compare(at('a', 1), undefined, { switches: 0 }, { switches: 0 })).toMatchObject({ lost: [], ungiven: [0] });
    expect(compare(at('a', 2), undefined, { switches: 0 }, { switches: 0 })).toMatchObject({ lost: [0], ungiven: [] });
    expect(disagreements(compare(at('a', 1), undefined, { switches: 0 }, { switches: 1 }))).toHaveLength(1);
  });

  it('disagree where it owns a bucket that moved to another shard, or that nobody has', () => {
    const owner = { state: 'owned', epoch: 1 };
    for (const placed of [at('b', 2), at('b', 1), undefined]) {
      expect(compare(placed, owner)).toMatchObject({ lost: [], stale: [0] });
    }
  });

  it('agree on a bucket that is to be let go of, because its switch was committed', () => {
    const comparison = compare(at('b', 2), { state: 'fenced', epoch: 1 });
    expect(comparison).toMatchObject({ stale: [], letGo: [0] });
    expect(disagreements(comparison)).toEqual([]);
  });

  it.each([
    ['another server', { serverNow: '8/16384' }, {}],
    ['another database', { serverNow: '7/20000' }, {}],
    ['a server that the directory does not know', {}, { server: '8/16384' }],
    ['a server that never agreed', { server: null }, {}],
    ['another history', { timelineNow: '00000002' }, {}],
    ['another history than the directory knows', {}, { timeline: '00000002' }],
    ['fewer switches', { switches: 2 }, {}],
  ])('disagree about %s', (_, over, known) => {
    expect(disagreements(compare(at('a', 1), { state: 'owned', epoch: 1 }, over, known))).toHaveLength(1);
  });

  it('agree on more switches than the directory knows of: the shard counts first', () => {
    expect(disagreements(compare(at('a', 1), { state: 'owned', epoch: 1 }, { switches: 9 }))).toEqual([]);
  });
});
