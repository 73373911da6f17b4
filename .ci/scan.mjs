// Runs gitleaks (secrets in the files of this checkout) and semgrep with this repository's own rules, where these
// programs are installed. Ends with 0: looked, nothing found; 1: something was found; 2: one of them is not installed.
// First each must find a planted violation: a scanner that finds nothing at all proves nothing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const rules = (name) => path.join(import.meta.dirname, 'scans', name);
const SCANNERS = {
  gitleaks: {
    // The files as git has them: ignored folders hold the local stack's own secrets.
    args: (target) => ['git', '--no-banner', '--redact', '--config', rules('gitleaks.toml'), target],
    planted: ['planted.txt', `url = ${['postgres://cart', 'Zk39_planted-pw@db/cart'].join(':')}\n`],
  },
  semgrep: {
    args: (target) => [
      'scan',
      '--metrics=off',
      '--disable-version-check',
      '--error',
      '--quiet',
      '--config',
      rules('semgrep.yml'),
      target,
    ],
    planted: ['planted.ts', `export const agent = { rejectUnauthorized: ${'false'} };\n`],
  },
};

const run = (program, args, cwd) => spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 27 });

/** @returns {boolean} whether the scanner finds its planted violation, in a repository of its own */
function catches(program, { args, planted: [name, text] }) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'stoa-scan-'));
  try {
    writeFileSync(path.join(scratch, name), text);
    const as = ['-c', 'user.name=scan', '-c', 'user.email=scan@stoa.local'];
    run('git', ['init', '-q'], scratch);
    run('git', ['add', '.'], scratch);
    run('git', [...as, 'commit', '-qm', 'planted'], scratch);
    return run(program, args(scratch), scratch).status === 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function scan([program, scanner]) {
  if (run(program, ['--version'], root).error) {
    process.stdout.write(`${program}: NOT RUN: it is not installed\n`);
    return 2;
  }
  if (!catches(program, scanner)) {
    process.stdout.write(`${program}: does not find a planted violation\n`);
    return 1;
  }
  const { status, stdout, stderr } = run(program, scanner.args(root), root);
  process.stdout.write(status === 0 ? `${program}: nothing found\n` : `${stdout}${stderr}`);
  return status === 0 ? 0 : 1;
}

const results = Object.entries(SCANNERS).map(scan);
process.exitCode = results.includes(1) ? 1 : Math.max(...results);
