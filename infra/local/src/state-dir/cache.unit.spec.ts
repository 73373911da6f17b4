import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached } from './cache.js';

describe('cached', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stoa-cache-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('makes a folder once', async () => {
    let made = 0;
    const make = async (dir: string): Promise<void> => writeFileSync(join(dir, 'file'), String(++made));
    const [first, second] = await Promise.all([cached('thing', make, root), cached('thing', make, root)]);
    await cached('thing', make, root);
    expect([made, first, second]).toEqual([1, join(root, 'thing'), join(root, 'thing')]);
  });

  it('leaves nothing of an attempt that failed, and tries again', async () => {
    const failing = async (dir: string): Promise<void> => {
      writeFileSync(join(dir, 'half'), '');
      throw new Error('the line broke');
    };
    await expect(cached('thing', failing, root)).rejects.toThrow('the line broke');
    expect(readdirSync(root)).toEqual([]);
    const dir = await cached('thing', async (at) => writeFileSync(join(at, 'whole'), ''), root);
    expect(readdirSync(dir)).toEqual(['whole']);
  });

  it('keeps what another process finished first', async () => {
    const dir = await cached(
      'thing',
      async (at) => {
        writeFileSync(join(at, 'file'), 'ours');
        // Another process does this, which knows nothing of our promise.
        mkdirSync(join(root, 'thing'));
        writeFileSync(join(root, 'thing/file'), 'theirs');
      },
      root,
    );
    expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('theirs');
    expect(readdirSync(root)).toEqual(['thing']);
  });
});
