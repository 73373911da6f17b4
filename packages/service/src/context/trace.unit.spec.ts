import { setImmediate } from 'node:timers/promises';
import { trace } from './trace.js';

const HEADER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('trace', () => {
  it('reads and writes a traceparent header', () => {
    const context = trace.parse(HEADER);
    expect(context).toEqual({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
      flags: '01',
    });
    expect(context && trace.format(context)).toBe(HEADER);
  });

  it.each([
    ['nothing', undefined],
    ['words', 'hello'],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
    ['a span id of zeros', `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`],
    ['upper case', HEADER.toUpperCase()],
    ['version ff', `ff${HEADER.slice(2)}`],
    ['version 00 with more fields', `${HEADER}-x`],
  ])('takes %s as no trace', (_what, header) => {
    expect(trace.parse(header)).toBeUndefined();
  });

  it('reads what it knows of a later version', () => {
    expect(trace.parse(`01${HEADER.slice(2)}-more`)?.spanId).toBe('00f067aa0ba902b7');
  });

  it('gives a child a span of its own in the same trace', () => {
    const parent = trace.start();
    const child = trace.child(parent, 'message');
    expect(child).toMatchObject({ traceId: parent.traceId, flags: parent.flags, messageId: 'message' });
    expect(child.spanId).not.toBe(parent.spanId);
    expect(trace.child(undefined).traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('keeps pieces of work that run at the same time apart', async () => {
    const seen = await Promise.all(
      ['a', 'b'].map((id) =>
        trace.run(trace.start(id), async () => {
          await setImmediate();
          return trace.current()?.messageId;
        }),
      ),
    );
    expect(seen).toEqual(['a', 'b']);
    expect(trace.current()).toBeUndefined();
  });
});
