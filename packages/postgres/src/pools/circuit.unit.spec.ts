import { Circuit } from './circuit.js';

describe('Circuit', () => {
  const busyTicks = (circuit: Circuit, count: number): boolean[] =>
    Array.from({ length: count }, () => circuit.tick(true));

  it('asks for a probe at a fault, and refuses work only when the probe finds nobody', () => {
    const circuit = new Circuit();
    expect(circuit.failed(0)).toBe(true);
    expect(circuit.state).toBe('serves');
    expect(circuit.failed(1)).toBe(false); // one probe at a time
    expect(circuit.probed('serves', 2)).toBeUndefined();
    expect(circuit.state).toBe('serves');
    expect(circuit.failed(1_000)).toBe(true);
    expect(circuit.probed('unavailable', 1_001)).toBeDefined();
    expect(circuit.state).toBe('unavailable');
  });

  it('is not asked to probe by each of many faults of a server that replies', () => {
    const circuit = new Circuit();
    circuit.failed(0);
    circuit.probed('serves', 10);
    expect(circuit.failed(20)).toBe(false);
    expect(circuit.failed(500)).toBe(true);
  });

  it('probes further and further apart while nobody is there, and takes the first reply', () => {
    const circuit = new Circuit();
    circuit.failed(0);
    const pauses = Array.from({ length: 6 }, () => {
      const pauseMs = circuit.probed('unavailable', 0);
      expect(circuit.failed(10_000)).toBe(false);
      expect(circuit.pauseOver()).toBe(true);
      return pauseMs;
    });
    expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect(circuit.probed('serves', 0)).toBeUndefined();
    expect(circuit.state).toBe('serves');
    circuit.failed(10_000);
    expect(circuit.probed('unavailable', 10_001)).toBe(100);
  });

  it('suspects a server with work in flight that does not reply, and none that is idle or slow', () => {
    const circuit = new Circuit();
    for (let n = 0; n < 20; n += 1) expect(circuit.tick(false)).toBe(false);
    for (let n = 0; n < 20; n += 1) {
      circuit.replied();
      expect(circuit.tick(true)).toBe(false);
    }
    expect(busyTicks(circuit, 4)).toEqual([false, false, false, true]);
  });

  it('believes a reply more than a probe that failed', () => {
    const circuit = new Circuit();
    busyTicks(circuit, 4);
    circuit.replied();
    expect(circuit.probed('unavailable', 0)).toBeUndefined();
    expect(circuit.state).toBe('serves');
  });

  it('distinguishes a server that takes no writes from one that is unavailable', () => {
    const circuit = new Circuit();
    circuit.failed(0);
    expect(circuit.probed('reads', 0)).toBe(100);
    expect(circuit.state).toBe('reads');
    circuit.pauseOver();
    circuit.replied();
    expect(circuit.probed('unavailable', 0)).toBe(200);
    expect(circuit.state).toBe('unavailable');
  });
});
