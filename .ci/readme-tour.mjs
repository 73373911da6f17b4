// Does as a newcomer would by the README, from the README's own text: `npm start`, then every block of the tour in
// order, then `npm run stop`. The stack gets data and a port of its own, and the checkout stays as it was.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const tour = readme.slice(readme.indexOf('\n## Tour'), readme.indexOf('\n## Work on it'));
const blocks = [...tour.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block);

/** The output that each block must have, in order, besides ending without an error. */
const expected = [
  /"items":\[/,
  /^2\n2$/m,
  /"itemCount":2/,
  /INVALID_INPUT[^]*"Berlin"/,
  /^([-\da-f]{36})\n\1\ncaptured$/m,
  /'Cart'.*'Profile'/,
  /STALE_VERSION/,
  /Subject: Verify your e-mail address[^]*^true$/m,
  /^4242$/m,
  /^fulfilled\n\d+\n<h1>Invoice INV-000001<\/h1>\npartly_refunded$/m,
  /Clay Plant Pot/,
];
if (blocks.length !== expected.length)
  throw new Error(`the README's tour has ${blocks.length} blocks, and ${expected.length} are expected here`);

const port = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = server.address();
    server.close(() => resolve(free));
  });
});
const stateDir = mkdtempSync(path.join(tmpdir(), 'stoa-tour-'));
const env = {
  ...process.env,
  STOA_PORT: String(port),
  STOA_STATE_DIR: stateDir,
  STOA_CACHE_DIR: process.env.STOA_CACHE_DIR ?? path.join(root, '.stoa/cache'),
};
const bash = (script, timeout, more = {}) =>
  spawnSync('bash', ['-e', '-o', 'pipefail', '-c', script], {
    cwd: root,
    env: { ...env, ...more },
    encoding: 'utf8',
    timeout,
  });
const changes = () => spawnSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' }).stdout;

let failed = 0;
const before = changes();
try {
  const start = bash('npm start -- --detach', 300_000);
  process.stdout.write(start.stdout);
  if (start.status !== 0) throw new Error(`npm start ended with ${start.status}: ${start.stderr}`);
  // 1,536 MB are the budget. What processes share is counted a little differently from machine to machine.
  const [, megabytes] = /^\s+total\s+(\d+) MB$/m.exec(start.stdout) ?? [];
  const isSmall = Number(megabytes) <= 1536 * 1.05;
  if (!isSmall) failed += 1;
  process.stdout.write(`${isSmall ? 'ok' : 'FAILED'}: the stack takes ${megabytes} MB, and 1536 are its budget\n`);
  // One shell for the whole tour, as a reader has; a line after each block marks the end of its output.
  const marked = blocks.map((block, n) => `${block}\necho; echo "=====${n}"`).join('\n');
  // Its temporary files go with the stack's data.
  const { stdout, stderr, status } = bash(marked, 120_000, { TMPDIR: stateDir });
  const outputs = stdout.split(/^=====\d+\n/m);
  for (const [n, pattern] of expected.entries()) {
    const right = pattern.test(outputs[n] ?? '');
    if (!right) failed += 1;
    process.stdout.write(
      `block ${n + 1}: ${right ? 'ok' : `expected ${pattern}, got:\n${outputs[n] ?? '(nothing)'}`}\n`,
    );
  }
  if (status !== 0 || failed > 0) process.stdout.write(`the tour ended with ${status}: ${stderr}\n`);
  if (status !== 0) failed += 1;
  // The three lines that `npm start` prints must work as they are.
  const curls = start.stdout.split('\n').filter((line) => /^\s*curl /.test(line));
  if (curls.length < 3) failed += 1;
  for (const line of curls) {
    const { status: code } = bash(`${line.trim()} > /dev/null`, 30_000);
    process.stdout.write(`${code === 0 ? 'ok' : 'FAILED'}: ${line.trim()}\n`);
    if (code !== 0) failed += 1;
  }
} catch (error) {
  failed += 1;
  process.stdout.write(`${error instanceof Error ? error.message : error}\n`);
} finally {
  const stop = bash('npm run --silent stop', 120_000);
  if (stop.status !== 0) {
    failed += 1;
    process.stdout.write(`npm run stop ended with ${stop.status}: ${stop.stdout}${stop.stderr}\n`);
  }
  rmSync(stateDir, { recursive: true, force: true });
}
if (changes() !== before) {
  failed += 1;
  process.stdout.write(`the tour changed the checkout:\n${changes()}`);
}
process.exit(failed === 0 ? 0 : 1);
