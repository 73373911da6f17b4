import { spans, type Span } from './spans.js';
import { trace } from '../context/trace.js';

const step = { name: 'read cart', kind: 'client', attributes: {} } as const;
const root = trace.start();
let ended: Span[];

beforeEach(() => {
  ended = [];
  spans.into((span) => ended.push(span));
});
afterEach(() => spans.into(undefined));

describe('spans', () => {
  it('say when work began and ended, and its place in the trace', async () => {
    const before = performance.now();
    const result = await trace.run(root, () => spans.within(step, async () => 'done'));
    expect(result).toBe('done');
    expect(ended).toMatchObject([{ ...step, context: { traceId: root.traceId, parentSpanId: root.spanId } }]);
    const [{ start, end, error } = {} as Span] = ended;
    expect(start).toBeGreaterThanOrEqual(before);
    expect(end).toBeGreaterThanOrEqual(start);
    expect(error).toBeUndefined();
  });

  it('say what went wrong, and pass it on', async () => {
    const work = spans.follow(root, step, () => Promise.reject(new Error('the disk is full')));
    await expect(work).rejects.toThrow('the disk is full');
    const thrown = (): never => {
      throw new Error('at once');
    };
    expect(() => spans.follow(root, step, thrown)).toThrow('at once');
    const fault = await spans.follow(
      root,
      step,
      async () => 'INTERNAL',
      (code) => code,
    );
    expect(fault).toBe('INTERNAL');
    expect(ended.map(({ error }) => error)).toEqual(['the disk is full', 'at once', 'INTERNAL']);
  });

  it('are left out for a trace that is not recorded, and for work that belongs to none', async () => {
    await spans.follow({ ...root, flags: '00' }, step, async () => 1);
    await spans.within(step, async () => 1);
    expect(ended).toEqual([]);
    await spans.follow({ ...root, flags: '03' }, step, async () => 1);
    expect(ended).toHaveLength(1);
  });

  it('cost nobody anything when they are off', async () => {
    spans.into(undefined);
    expect(spans.areOn).toBe(false);
    spans.ended(root, step, 0);
    expect(await trace.run(root, () => spans.within(step, async () => 'done'))).toBe('done');
    expect(ended).toEqual([]);
  });
});
