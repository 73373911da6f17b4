import * as fc from 'fast-check';
import { BrokerClock } from './broker-clock.js';

describe('BrokerClock', () => {
  const clockAt = (start: number) => {
    let now = start;
    return { clock: new BrokerClock(() => now), pass: (ms: number) => (now += ms) };
  };

  it('knows nothing before the first ping, and then the broker’s time within the ping’s round trip', async () => {
    const { clock, pass } = clockAt(100);
    expect(clock.isSynced).toBe(false);
    await clock.sync(async () => {
      pass(10);
      return 1_000_000;
    });
    expect(clock.isSynced).toBe(true);
    expect(clock.now()).toBe(1_000_000);
    pass(250);
    expect(clock.age(1_000_000)).toBe(250);
    expect(clock.age(2_000_000)).toBe(0);
  });

  it('gets closer with each ping: a slow one spoils nothing', () => {
    const { clock, pass } = clockAt(0);
    clock.learn(0, 5_001, 2); // broker time is about 5,000 later than here
    pass(5_000);
    clock.learn(4_600, 9_610, 5_000); // the reply was late
    expect(Math.abs(clock.now() - 10_000)).toBeLessThanOrEqual(3);
  });

  it.each([
    ['once while that is quick', [10, 10], 1],
    ['again when that was slow', [400, 10, 10], 2],
    ['and takes what it gets from a broker that is always slow', Array<number>(9).fill(400), 5],
  ])('asks %s', async (_, trips, asked) => {
    const { clock, pass } = clockAt(0);
    const before = trips.length;
    await clock.syncClosely(async () => 1_000_000 + pass(trips.shift() ?? 0));
    expect(before - trips.length).toBe(asked);
  });

  it('follows the broker’s clock when that is set back or forward', () => {
    const { clock, pass } = clockAt(0);
    clock.learn(0, 5_000, 1);
    pass(1_000);
    clock.learn(1_000, 2_000, 1_001);
    expect(clock.now()).toBe(1_999);
    clock.learn(1_000, 99_000, 1_001);
    expect(clock.now()).toBe(98_999);
  });

  it('is in doubt by a record from the future, and by one that is older than records are that were waited for', () => {
    const { clock, pass } = clockAt(0);
    expect(clock.doubts(5_000)).toBe(false); // nothing is known yet
    clock.learn(0, 100_000, 10);
    pass(1_000);
    for (const plausible of [100_001, 100_500, 101_000, 101_001]) expect(clock.doubts(plausible)).toBe(false);
    expect(clock.doubts(101_100)).toBe(true);
    expect(clock.doubts(98_000)).toBe(true);
  });

  it('never thinks that it is later at the broker than it is, with any pings', () => {
    const pings = fc.array(fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 200 }), fc.nat({ max: 10_000 })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(pings, fc.double({ min: 0, max: 1e6, noNaN: true }), (given, offset) => {
        let now = 0;
        const clock = new BrokerClock(() => now);
        for (const [there, back, pause] of given) {
          const sent = now;
          const brokerMs = Math.floor(now + there + offset);
          now += there + back;
          clock.learn(sent, brokerMs, now);
          now += pause;
          expect(clock.now()).toBeLessThanOrEqual(now + offset + 1e-6);
        }
      }),
    );
  });
});
