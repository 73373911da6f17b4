// Runs every check in order, keeps going after a failure, and sums what really ran: one count per check, and Jest's own
// counts for the tests. Needs Node ≥ 20.19 only: the checks bring what they need.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const scratch = mkdtempSync(path.join(tmpdir(), 'stoa-ci-'));
const countsFile = path.join(scratch, 'counts.jsonl');
const total = { passed: 0, failed: 0, skipped: 0 };
/** All that failed, printed again at the end: the output above it is long. */
const failures = [];

/** @returns {Promise<number>} the exit code */
const run = (command, env = {}) =>
  new Promise((resolve) => {
    const child = spawn('bash', ['-c', command], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PATH: `${path.resolve('node_modules/.bin')}:${process.env.PATH}`, ...env },
    });
    child.on('close', (code) => resolve(code ?? 1));
  });

/** The meaning of a check's exit code; 2 is "could not look", which only `checkIfPossible` takes. */
const outcomeOf = (code, mayBeSkipped) => (code === 0 ? 'passed' : code === 2 && mayBeSkipped ? 'skipped' : 'failed');

/** @returns {Promise<boolean>} whether the check passed */
async function check(name, command, env, mayBeSkipped = false) {
  const started = Date.now();
  process.stdout.write(`\n=== ${name}\n`);
  const outcome = outcomeOf(await run(command, env), mayBeSkipped);
  total[outcome] += 1;
  if (outcome === 'failed') failures.push(name);
  const said = outcome === 'failed' ? 'FAILED' : outcome;
  process.stdout.write(`--- ${name}: ${said} in ${Math.round((Date.now() - started) / 1000)} s\n`);
  return outcome === 'passed';
}

/** A check that needs a network or a program which may not be there: it says so, and counts as skipped. */
const checkIfPossible = (name, command) => check(name, command, {}, true);

/** Adds what Jest counted. A run that counted nothing has failed: no test ran. */
function addTests() {
  const runs = existsSync(countsFile) ? readFileSync(countsFile, 'utf8').trim().split('\n').filter(Boolean) : [];
  let ran = 0;
  for (const line of runs) {
    const counts = JSON.parse(line);
    ran += counts.passed + counts.failed;
    failures.push(...counts.failures);
    for (const key of Object.keys(total)) total[key] += counts[key];
  }
  if (ran === 0) total.failed += 1;
}

const installed = await check('set-up', 'npm ci --no-audit --no-fund', { PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true' });
if (installed) {
  await check('build', 'npm run build');
  await check('type check', 'npm run typecheck');
  await check('lint and format', 'npm run lint');
  await check('import rules catch planted violations', 'node .ci/check-import-rules.mjs');
  await check('rules about time in specs catch planted violations', 'node .ci/check-wait-rules.mjs');
  await check('the lock file check catches planted violations', 'node .ci/check-lockfile.mjs');
  await check('docker-compose.yml', 'node .ci/check-compose.mjs');
  await check('bills of materials', 'npm run sbom');
  await checkIfPossible('advisories and signatures', 'node .ci/advisories.mjs');
  await checkIfPossible('secrets and own rules', 'node .ci/scan.mjs');
  await check('contracts', 'npm run contracts -- check');
  await check('API documents', 'npm run lint:api');
  await check('tests', 'npm test', { STOA_TEST_COUNTS: countsFile });
  addTests();
  await check('the README, as a newcomer', 'node .ci/readme-tour.mjs');
}
rmSync(scratch, { recursive: true, force: true });
if (failures.length > 0) process.stdout.write(`\nFAILED:\n${failures.map((name) => `- ${name}\n`).join('')}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
