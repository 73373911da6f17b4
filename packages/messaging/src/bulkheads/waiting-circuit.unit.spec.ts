import { jest } from '@jest/globals';
import { WaitingCircuit } from './waiting-circuit.js';

describe('WaitingCircuit', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const wanted = (): boolean => true;
  /** Lets promises settle. */
  const settle = (): Promise<unknown> => jest.advanceTimersByTimeAsync(0);
  function tryIt(circuit: WaitingCircuit, isWanted = wanted): { result?: boolean } {
    const tried: { result?: boolean } = {};
    void circuit.turn(isWanted).then((isProbe) => (tried.result = isProbe));
    return tried;
  }

  it('lets everything through while closed', async () => {
    expect(await new WaitingCircuit(100).turn(wanted)).toBe(false);
  });

  it('lets one through after each pause while open, in the order in which they came', async () => {
    const circuit = new WaitingCircuit(100);
    circuit.failed(false);
    const [first, second] = [tryIt(circuit), tryIt(circuit)];
    await settle();
    expect([first.result, second.result]).toEqual([undefined, undefined]);
    await jest.advanceTimersByTimeAsync(125);
    expect([first.result, second.result]).toEqual([true, undefined]);
    circuit.failed(true);
    await jest.advanceTimersByTimeAsync(140);
    expect(second.result).toBeUndefined();
    await jest.advanceTimersByTimeAsync(110);
    expect(second.result).toBe(true);
  });

  it('does not wait for a probe that does not end', async () => {
    const circuit = new WaitingCircuit(100);
    circuit.failed(false);
    const [silent, next] = [tryIt(circuit), tryIt(circuit)];
    await jest.advanceTimersByTimeAsync(250);
    expect([silent.result, next.result]).toEqual([true, true]);
  });

  it('lets all through at the first success', async () => {
    const circuit = new WaitingCircuit(100);
    circuit.failed(false);
    const all = [tryIt(circuit), tryIt(circuit), tryIt(circuit)];
    circuit.close();
    await settle();
    expect(all.map(({ result }) => result)).toEqual([false, false, false]);
    expect(circuit.isOpen).toBe(false);
  });

  it('counts one failure, however many were under way', () => {
    const circuit = new WaitingCircuit(100);
    for (let n = 0; n < 64; n++) circuit.failed(false);
    const tried = tryIt(circuit);
    return jest.advanceTimersByTimeAsync(125).then(() => expect(tried.result).toBe(true));
  });

  it('lets go what is not wanted any more', async () => {
    const circuit = new WaitingCircuit(100);
    circuit.failed(false);
    let isWanted = true;
    const [leaving, staying] = [tryIt(circuit, () => isWanted), tryIt(circuit)];
    isWanted = false;
    circuit.recheck();
    await settle();
    expect([leaving.result, staying.result]).toEqual([false, undefined]);
  });
});
