import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { CsvReader } from './csv-reader.js';
import { NdjsonReader } from './ndjson-reader.js';
import { MAX_ROW_BYTES, type Row, type RowReader } from './row-reader.js';

function readAll<Content>(reader: RowReader<Content>, bytes: Buffer, chunkSize = bytes.length || 1): Row<Content>[] {
  const rows: Row<Content>[] = [];
  for (let at = 0; at < bytes.length; at += chunkSize)
    rows.push(...reader.read(bytes.subarray(at, at + chunkSize), false));
  rows.push(...reader.read(Buffer.alloc(0), true));
  return rows;
}
const csv = (text: string, chunkSize?: number) => readAll(new CsvReader(), Buffer.from(text), chunkSize);

describe('a CSV file', () => {
  it('is read as csv-parse reads it, however it is cut', () => {
    const cell = fc.stringMatching(/^[a-c",\n\r é€😀]{0,6}$/u);
    const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        fc.integer({ min: 1, max: 12 }),
        (records, end, hasLastBreak, chunkSize) => {
          const text = records.map((record) => record.map(quoted).join(',')).join(end) + (hasLastBreak ? end : '');
          const expected = parse(text, { record_delimiter: end, relax_column_count: true, skip_empty_lines: true });
          expect(csv(text, chunkSize).map(({ content }) => content)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('knows the true line of a row behind quoted line breaks, of any kind', () => {
    expect(csv('a,"1\r\n2\r\n3"\r\nb,x\r\n\r\nc,y').map(({ line }) => line)).toEqual([1, 4, 6]);
    expect(csv('a,"1\n2\n"\nb,x\n', 1).map(({ line }) => line)).toEqual([1, 4]);
    expect(csv('a,"1\r2"\rb,x').map(({ line }) => line)).toEqual([1, 3]);
  });

  it('goes on from the place of any of its rows', () => {
    const text = 'h1,h2\r\n"a\r\nb",2\r\nc,é3\r\nd,4';
    const rows = csv(text);
    for (const [index, { offset, line }] of rows.entries()) {
      const rest = readAll(new CsvReader({ offset, line }), Buffer.from(text).subarray(offset));
      expect(rest).toEqual(rows.slice(index));
    }
  });

  it.each([1, 3, 1000])('loses only the line of a stray quote (chunks of %d bytes)', (chunkSize) => {
    const rows = csv('a,1\nb,"never closed\nc,3\nd,"x, y"\ne,5\n', chunkSize);
    expect(rows.map(({ line, content, fault }) => [line, content ?? fault])).toEqual([
      [1, ['a', '1']],
      [2, 'a quoted cell of this row goes on after its closing quote'],
      [3, ['c', '3']],
      [4, ['d', 'x, y']],
      [5, ['e', '5']],
    ]);
  });

  it('says where a quoted cell begins that never ends', () => {
    const rows = csv('a,1\nb,"x\nc,3', 2);
    expect(rows.map(({ line, content, fault }) => [line, content ?? fault])).toEqual([
      [1, ['a', '1']],
      [2, 'a quoted cell begins here and is never closed'],
      [3, ['c', '3']],
    ]);
  });

  it('takes a quote inside of a plain cell as it is', () => {
    expect(csv('5" pipe,x')[0]?.content).toEqual(['5" pipe', 'x']);
  });

  it('gathers no more than the longest row may have', () => {
    const reader = new CsvReader();
    const rows: Row<string[]>[] = [];
    const chunk = Buffer.from('x'.repeat(1024 * 1024));
    for (let n = 0; n < 6; n++) rows.push(...reader.read(chunk, false));
    rows.push(...reader.read(Buffer.from('\nb,2\n'), true));
    expect(rows[0]?.fault).toContain('longer than 4 MiB');
    expect(rows[1]).toEqual({ offset: 6 * chunk.length + 1, line: 2, content: ['b', '2'] });
    expect(MAX_ROW_BYTES).toBe(4 * 1024 * 1024);
  });
});

describe('an NDJSON file', () => {
  it('is read line by line, however it is cut', () => {
    const text = '{"a":"é"}\r\n\n{"b":2}\n{oops\n[3]';
    for (let chunkSize = 1; chunkSize < 12; chunkSize++) {
      const rows = readAll(new NdjsonReader(), Buffer.from(text), chunkSize);
      expect(rows.map(({ line }) => line)).toEqual([1, 3, 4, 5]);
      expect(rows.map(({ content }) => content)).toEqual([{ a: 'é' }, { b: 2 }, undefined, [3]]);
      expect(rows[2]?.fault).toMatch(/^the line is not JSON: /);
    }
  });

  it('is at the beginning of the next line after each one', () => {
    const reader = new NdjsonReader();
    const places = [];
    for (const row of reader.read(Buffer.from('{"a":1}\n{oops\n{"b":2}\n'), true))
      places.push([row.line, reader.position()]);
    expect(places).toEqual([
      [1, { offset: 8, line: 2 }],
      [2, { offset: 14, line: 3 }],
      [3, { offset: 22, line: 4 }],
    ]);
  });
});
