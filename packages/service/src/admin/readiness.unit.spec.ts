import { eventually } from '@stoa/testing';
import { Readiness } from './readiness.js';

describe('Readiness', () => {
  let readiness: Readiness;
  beforeEach(() => {
    readiness = new Readiness();
  });
  afterEach(() => readiness.drain());

  it('is ready when every condition holds, and names those that do not', () => {
    readiness.expect('kafka', 'no partitions yet');
    readiness.set('map', true);
    expect(readiness.ready).toBe(false);
    expect(readiness.missing()).toEqual([{ name: 'kafka', why: 'no partitions yet' }]);
    readiness.set('kafka', true);
    expect(readiness.ready).toBe(true);
    readiness.set('kafka', false, 'rebalancing');
    expect(readiness.missing()).toEqual([{ name: 'kafka', why: 'rebalancing' }]);
  });

  it('follows what a probe finds, either way', async () => {
    let up = false;
    const probe = () => (up ? Promise.resolve() : Promise.reject(new Error('refused')));
    readiness.watch('database', probe, { everyMs: 5 });
    await eventually(() => expect(readiness.missing()).toEqual([{ name: 'database', why: 'refused' }]));
    up = true;
    await eventually(() => expect(readiness.ready).toBe(true));
    up = false;
    await eventually(() => expect(readiness.ready).toBe(false));
  });

  it('takes a probe that hangs as a failed one', async () => {
    readiness.watch('database', () => new Promise(() => undefined), { timeoutMs: 10 });
    await eventually(() =>
      expect(readiness.missing()).toEqual([{ name: 'database', why: 'no response within 10 ms' }]),
    );
  });

  it('is never ready again once it drains', () => {
    readiness.set('kafka', true);
    readiness.drain();
    expect(readiness.missing()).toEqual([{ name: 'draining', why: 'the clone is leaving' }]);
  });
});
