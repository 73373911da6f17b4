import { QuerySpread, type InFlightQuery } from './query-spread.js';

/** A topic whose partitions are held by clones, as a group's assignor deals them out. */
class Service {
  readonly spread = new QuerySpread(async () => this.owners.length);
  readonly served = new Map<string, number>();

  constructor(readonly owners: string[]) {}

  static of(clones: number, partitions = 12): Service {
    return new Service(Array.from({ length: partitions }, (_, n) => `c${Math.floor((n * clones) / partitions)}`));
  }

  async counted(): Promise<this> {
    expect(this.spread.begin()).toBeUndefined();
    await Promise.resolve();
    return this;
  }

  begin(): InFlightQuery {
    const inFlightQuery = this.spread.begin();
    if (!inFlightQuery) throw new Error('the partitions are not counted');
    return inFlightQuery;
  }

  reply(inFlightQuery: InFlightQuery): void {
    const by = this.owners[inFlightQuery.partition] ?? '';
    this.served.set(by, (this.served.get(by) ?? 0) + 1);
    inFlightQuery.end(`${by}@shard1`);
  }

  /** So many queries, `inFlight` at a time, answered in the order they came. */
  run(queries: number, inFlight: number): void {
    const waiting: InFlightQuery[] = [];
    for (let n = 0; n < queries; n++) {
      waiting.push(this.begin());
      if (waiting.length === inFlight) this.reply(waiting.shift() as InFlightQuery);
    }
    for (const inFlightQuery of waiting) this.reply(inFlightQuery);
  }
}

describe('queries', () => {
  it.each([1, 2, 3, 4, 5, 7, 8, 11, 12])(
    'are shared alike by %i clones, however few partitions some have',
    async (clones) => {
      for (const inFlight of [1, 7, 64]) {
        const service = await Service.of(clones).counted();
        service.run(200, inFlight); // learns whose the partitions are
        service.served.clear();
        service.run(1_200, inFlight);
        const shares = [...service.served.values()].map((count) => (count * clones) / 1_200);
        expect(shares).toHaveLength(clones);
        expect(Math.max(...shares)).toBeLessThan(1.2);
        expect(Math.min(...shares)).toBeGreaterThan(0.8);
      }
    },
  );

  it('go to others while a clone answers nothing, and to whoever takes over its partitions', async () => {
    const service = await Service.of(3).counted();
    service.run(200, 8);
    service.served.clear();
    const stuck: InFlightQuery[] = [];
    for (let n = 0; n < 300; n++) {
      const inFlightQuery = service.begin();
      if (service.owners[inFlightQuery.partition] === 'c1') stuck.push(inFlightQuery);
      else service.reply(inFlightQuery);
    }
    expect(stuck.length).toBeLessThan(3);
    service.owners.fill('c2', 4, 8);
    for (const inFlightQuery of stuck) service.reply(inFlightQuery);
    service.served.clear();
    service.run(1_200, 8);
    expect(service.served.get('c1')).toBeUndefined();
    expect(service.served.get('c0')).toBeGreaterThan(480);
  });

  it('go less to a clone that is slow', async () => {
    const service = await Service.of(2).counted();
    service.run(200, 8);
    service.served.clear();
    const waiting: InFlightQuery[] = [];
    for (let round = 0; round < 1_000; round++) {
      while (waiting.length < 16) waiting.push(service.begin());
      // c0 answers four a round, c1 one.
      for (const [clone, count] of [
        ['c0', 4],
        ['c1', 1],
      ] as const) {
        for (let n = 0; n < count; n++) {
          const at = waiting.findIndex(({ partition }) => service.owners[partition] === clone);
          if (at >= 0) service.reply(...(waiting.splice(at, 1) as [InFlightQuery]));
        }
      }
    }
    expect((service.served.get('c0') ?? 0) / (service.served.get('c1') ?? 1)).toBeGreaterThan(3);
  });

  it('keep to one partition of a clone for a few, so that batches stay together', async () => {
    const service = await Service.of(2).counted();
    service.run(200, 8);
    const batch = Array.from({ length: 12 }, () => service.begin().partition);
    expect(new Set(batch).size).toBeLessThanOrEqual(4);
  });

  it('take up partitions that the topic gets later', async () => {
    let now = 0;
    let count = 1;
    const spread = new QuerySpread(
      async () => count,
      () => now,
    );
    spread.begin();
    await Promise.resolve();
    count = 2;
    now = 61_000;
    spread.begin();
    await Promise.resolve();
    expect([spread.begin()?.partition, spread.begin()?.partition].toSorted()).toEqual([0, 1]);
  });

  it('pass over partitions that nobody leads, while there are others', async () => {
    const unled = new Set([0, 2]);
    const spread = new QuerySpread(
      async () => 4,
      () => 0,
      (partition) => !unled.has(partition),
    );
    spread.begin();
    await Promise.resolve();
    const some = () => new Set(Array.from({ length: 64 }, () => spread.begin()?.partition));
    expect([...some()].toSorted()).toEqual([1, 3]);
    unled.add(1).add(3);
    expect(some().size).toBeGreaterThan(0);
    for (const partition of [0, 1, 2]) unled.delete(partition);
    expect([...some()].toSorted()).toEqual([0, 1, 2]);
  });
});
