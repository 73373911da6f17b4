import { FetchSession, type Wanted } from './fetch-session.js';

describe('FetchSession', () => {
  const wanted = (partition: number, offset: number, topicId = 'a'): Wanted => ({
    topicId,
    asked: {
      partition,
      fetchOffset: BigInt(offset),
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      partitionMaxBytes: 1_000,
    },
  });
  const named = (session: FetchSession, all: readonly Wanted[]) => {
    const { id, epoch, topics, forgotten } = session.request(all);
    return {
      at: [id, epoch],
      asked: topics.flatMap(({ topicId, partitions }) => partitions.map(({ partition }) => `${topicId}${partition}`)),
      forgotten: forgotten.flatMap(({ topicId, partitions }) =>
        partitions.map((partition) => `${topicId}${partition}`),
      ),
    };
  };

  it('names all at first, then what changed, and what is not wanted any more', () => {
    const session = new FetchSession();
    const first = [wanted(0, 5), wanted(1, 5), wanted(0, 5, 'b')];
    expect(named(session, first)).toEqual({ at: [0, 0], asked: ['a0', 'a1', 'b0'], forgotten: [] });
    session.replied(77);
    expect(named(session, first)).toEqual({ at: [77, 1], asked: [], forgotten: [] });
    session.replied(77);
    const second = [wanted(0, 6), wanted(0, 5, 'b'), wanted(2, 0)];
    expect(named(session, second)).toEqual({ at: [77, 2], asked: ['a0', 'a2'], forgotten: ['a1'] });
  });

  it('takes a topic that was made anew for another', () => {
    const session = new FetchSession();
    named(session, [wanted(0, 5)]);
    session.replied(77);
    expect(named(session, [wanted(0, 5, 'c')])).toEqual({ at: [77, 1], asked: ['c0'], forgotten: ['a0'] });
  });

  it('names all each time to a broker that keeps no session, and after it lost one', () => {
    const session = new FetchSession();
    for (let n = 0; n < 2; n += 1) {
      expect(named(session, [wanted(0, 5)])).toEqual({ at: [0, 0], asked: ['a0'], forgotten: [] });
      session.replied(0);
    }
    named(session, [wanted(0, 5)]);
    session.replied(77);
    session.restart();
    expect(named(session, [wanted(0, 5)])).toEqual({ at: [0, 0], asked: ['a0'], forgotten: [] });
  });
});
