import { eventually } from '@stoa/testing';
import type { KafkaRecord, TopicOffset } from '@stoa/kafka';
import { Intake, type Work } from './intake.js';

const record = (offset: number): KafkaRecord => ({
  topic: 'events',
  partition: 0,
  offset,
  timestamp: 0,
  headers: {},
  key: null,
  value: Buffer.from('{}'),
});

describe('the commits of an intake', () => {
  const setup = (commit: (offset: number) => Promise<void>) => {
    const works: Work[] = [];
    const flowControl = {
      commit: ([first]: readonly TopicOffset[]) => commit(first!.offset),
      pause: () => undefined,
      resume: () => undefined,
    };
    const intake = new Intake(() => flowControl, {
      limits: { concurrency: 10, messages: 10, bytes: 10_000 },
      keyOf: () => null,
      handle: async (work) => void works.push(work),
      onCommitFailed: () => undefined,
    });
    intake.take([record(0), record(1)]);
    return { intake, works };
  };

  it('come for what is finished while another is under way, and nothing follows', async () => {
    const commits: number[] = [];
    const first = Promise.withResolvers<void>();
    const { intake, works } = setup((offset) => (commits.push(offset) === 1 ? first.promise : Promise.resolve()));
    works[0]!.done();
    await eventually(() => expect(commits).toEqual([1]));
    works[1]!.done();
    first.resolve();
    await eventually(() => expect(commits).toEqual([1, 2]));
    await intake.drain(0);
  });

  it('are tried again when they fail, and nothing follows', async () => {
    const commits: number[] = [];
    const { intake, works } = setup(async (offset) => {
      if (commits.push(offset) < 3) throw new Error('the coordinator is unavailable');
    });
    for (const work of works) work.done();
    await eventually(() => expect(commits).toEqual([2, 2, 2]));
    await intake.drain(0);
  });
});
