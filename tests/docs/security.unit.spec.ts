import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

it('SECURITY.md names no proof that is not there', () => {
  const text = readFileSync(join(root, 'SECURITY.md'), 'utf8');
  const proofs = [...text.matchAll(/`([\w./-]+\.(?:spec\.ts|mjs))`/g)].map(([, path]) => path ?? '');
  expect(proofs.length).toBeGreaterThan(40);
  expect(proofs.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
