import { randomBytes } from 'node:crypto';
import type { Headers, KafkaRecord } from '@stoa/kafka';
import { bodyOf, isPart, MAX_REPLY_BYTES, PART_BYTES, partsOf, ReplyParts, requestOf } from './reply-parts.js';

const headers: Headers = { corr: 'r1', status: 'ok', by: 'echo-1', wait: '3' };

const recordsOf = (body: Buffer, id: string, of: Headers = headers): KafkaRecord[] =>
  partsOf(body, of, id).map((part, offset) => ({ topic: 't', partition: 0, offset, timestamp: 0, key: null, ...part }));

describe('replies in parts', () => {
  const body = randomBytes(2 * PART_BYTES + 17);

  it('carry what a reply does, but for the header by which older processes know one', () => {
    const [first, ...others] = recordsOf(body, 'a');
    expect(others).toHaveLength(2);
    expect(first?.headers).toMatchObject({ status: 'ok', by: 'echo-1', wait: '3' });
    expect(first?.headers).not.toHaveProperty('corr');
    expect([isPart(first!), requestOf(first!)]).toEqual([true, 'r1']);
  });

  it('come together in any order, and more than once', () => {
    const parts = new ReplyParts();
    const [first, second, third] = recordsOf(body, 'a');
    expect([third, first, third, first].map((part) => parts.add(part!))).toEqual(Array(4).fill(undefined));
    expect(parts.add(second!)?.equals(body)).toBe(true);
  });

  it('of two answers to one request are not mixed up', () => {
    const parts = new ReplyParts();
    const other = randomBytes(2 * PART_BYTES + 17);
    const [mine, theirs] = [recordsOf(body, 'a'), recordsOf(other, 'b')];
    const came = [mine[0], theirs[0], mine[1], theirs[1], theirs[2]].map((part) => parts.add(part!));
    expect(came.at(-1)?.equals(other)).toBe(true);
    expect(parts.add(mine[2]!)?.equals(body)).toBe(true);
  });

  it('are forgotten with their request', () => {
    const parts = new ReplyParts();
    const [first, ...others] = recordsOf(body, 'a');
    parts.add(first!);
    parts.forget('r1');
    expect(others.map((part) => parts.add(part))).toEqual([undefined, undefined]);
  });

  it('fill no more memory than there is for them, until others are forgotten', () => {
    const parts = new ReplyParts();
    const most = randomBytes(MAX_REPLY_BYTES);
    const unfinished = (n: number) =>
      recordsOf(most, 'a', { ...headers, corr: `r${n}` })
        .slice(1)
        .forEach((part) => parts.add(part));
    const fill = () => {
      for (let n = 0; n < 12; n += 1) unfinished(n);
    };
    expect(fill).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }) as Error);
    for (let n = 0; n < 12; n += 1) parts.forget(`r${n}`);
    expect(() => unfinished(1)).not.toThrow();
  });

  it('are refused when they do not fit each other', () => {
    const broken = (place: string, of = recordsOf(body, 'a')[0]!) =>
      new ReplyParts().add({ ...of, headers: { ...of.headers, part: place } });
    for (const place of ['', '1', '3/3', '-1/3', 'x/y', '0/1000000000', '0.5/3'])
      expect(() => broken(place)).toThrow(expect.objectContaining({ code: 'INTERNAL' }) as Error);
    const parts = new ReplyParts();
    const [first] = recordsOf(body, 'a');
    parts.add(first!);
    const other = { ...first!, headers: { ...first!.headers, part: '1/2' } };
    expect(() => parts.add(other)).toThrow(expect.objectContaining({ code: 'INTERNAL' }) as Error);
  });
});

describe('the body of a reply', () => {
  it('is refused when it is too large', () => {
    const text = 'ü'.repeat(MAX_REPLY_BYTES / 2 - 1);
    expect(bodyOf(text)).toHaveLength(MAX_REPLY_BYTES / 2 + 1);
    expect(() => bodyOf(`${text}x`)).toThrow(expect.objectContaining({ code: 'RESPONSE_TOO_LARGE' }) as Error);
  });
});
