// Shows that the check of package-lock.json catches what it is for: one planted violation of each kind.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const text = readFileSync(path.resolve(import.meta.dirname, '../package-lock.json'), 'utf8');
const PLANTED = {
  'has no integrity': (entry) => delete entry.integrity,
  'has an integrity that is no SHA-512': (entry) => (entry.integrity = 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk='),
  'comes from evil.test': (entry) => (entry.resolved = 'https://evil.test/zod.tgz'),
};
const scratch = mkdtempSync(path.join(tmpdir(), 'stoa-lock-'));
const failures = [];
for (const [fault, plant] of Object.entries(PLANTED)) {
  const lock = JSON.parse(text);
  plant(lock.packages['node_modules/zod']);
  const file = path.join(scratch, 'package-lock.json');
  writeFileSync(file, JSON.stringify(lock));
  const { status, stderr } = spawnSync(process.execPath, [path.resolve(import.meta.dirname, 'lockfile.mjs'), file], {
    encoding: 'utf8',
  });
  if (status !== 1 || !stderr.includes(`node_modules/zod ${fault}`)) failures.push(`not caught: ${fault}`);
}
rmSync(scratch, { recursive: true, force: true });
for (const failure of failures) process.stderr.write(`${failure}\n`);
process.exitCode = failures.length === 0 ? 0 : 1;
