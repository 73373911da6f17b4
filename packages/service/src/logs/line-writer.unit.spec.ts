import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger } from './logger.js';
import { lineWriter } from './line-writer.js';

describe('where a log goes', () => {
  it('gets whole lines, in order', () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'stoa-log-'));
    const file = path.join(dir, 'log');
    const fd = openSync(file, 'w');
    const logger = createLogger({ service: 'cart', clone: 'cart-1', destination: lineWriter(fd) });
    for (let n = 0; n < 3; n++) logger.info({ n, text: 'é'.repeat(10_000) }, 'line');
    closeSync(fd);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { n: number }).n)).toEqual([0, 1, 2]);
    rmSync(dir, { recursive: true });
  });

  // A device whose every write finds the disk full.
  (existsSync('/dev/full') ? it : it.skip)('may be full: lines are left out then, and nothing else happens', () => {
    const fd = openSync('/dev/full', 'w');
    const logger = createLogger({ service: 'cart', clone: 'cart-1', destination: lineWriter(fd) });
    expect(() => logger.error('nobody hears this')).not.toThrow();
    closeSync(fd);
  });
});
