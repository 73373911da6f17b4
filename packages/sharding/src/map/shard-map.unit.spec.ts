import { placementsFrom, type Claim } from './shard-map.js';

const claim = (shard: string, state: string, epoch: number): Claim => ({ bucket: 0, shard, state, epoch });
const placed = (...claims: Claim[]) => [
  placementsFrom(claims)[0]?.shard,
  placementsFrom(claims.toReversed())[0]?.shard,
];

describe('a map from the shards themselves', () => {
  it.each([
    ['one owner', [claim('a', 'owned', 1)], 'a'],
    ['one that moved', [claim('a', 'gone', 1), claim('b', 'owned', 2)], 'b'],
    ['a move before its switch', [claim('a', 'fenced', 1), claim('b', 'ready', 2)], 'a'],
    ['a move in its switch', [claim('a', 'gone', 1), claim('b', 'ready', 2)], 'b'],
    ['two owners, of which one came back from the dead', [claim('a', 'owned', 1), claim('b', 'owned', 2)], 'b'],
    ['one that came back', [claim('a', 'owned', 3), claim('b', 'gone', 2)], 'a'],
    [
      'one that went back in time, after its bucket had come back',
      [claim('a', 'owned', 1), claim('b', 'gone', 2)],
      undefined,
    ],
    ['one that went back in time in a switch', [claim('a', 'fenced', 1), claim('b', 'gone', 2)], undefined],
    ['nobody', [claim('a', 'gone', 1)], undefined],
  ])('places a bucket of %s, in whatever order they answer', (_, claims, shard) => {
    expect(placed(...claims)).toEqual([shard, shard]);
  });
});
