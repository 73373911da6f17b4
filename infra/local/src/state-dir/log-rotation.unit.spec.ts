import { appendFileSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@stoa/testing';
import { rotateLogs } from './log-rotation.js';

describe('rotateLogs', () => {
  it('keeps one older part of a log that grew too long, and the process that writes it goes on in the same file', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'stoa-rotation-'));
    const file = join(dir, 'cart-1.log');
    const writer = openSync(file, 'a');
    writeSync(writer, 'x'.repeat(1_000));
    appendFileSync(join(dir, 'small.log'), 'small');
    const stop = rotateLogs(dir, 500, 10);
    await eventually(() => expect(statSync(file).size).toBe(0));
    stop();
    writeSync(writer, 'after');
    expect(readFileSync(`${file}.1`, 'utf8')).toHaveLength(1_000);
    expect(readFileSync(file, 'utf8')).toBe('after');
    expect(existsSync(join(dir, 'small.log.1'))).toBe(false);
    rmSync(dir, { recursive: true });
  });
});
