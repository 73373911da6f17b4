// Shows that the lint rules about time in specs catch what they are for: lints one planted violation of each, and what
// is allowed beside it.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const TIMERS = 'eslint(no-restricted-globals)';
const IMPORTS = 'eslint(no-restricted-imports)';
const ELAPSED = 'stoa(no-elapsed-time-assertion)';

/** The rule that refuses it; `null`: allowed. */
const PLANTED = [
  [TIMERS, `await new Promise((resolve) => setTimeout(resolve, 5));`],
  [TIMERS, `export const watch = setInterval(() => undefined, 5);`],
  [IMPORTS, `import { setTimeout as delay } from 'node:timers/promises';\nawait delay(5);`],
  [IMPORTS, `import timers from 'node:timers';\ntimers.setTimeout(() => undefined, 5);`],
  [ELAPSED, `const started = performance.now();\nexpect(performance.now() - started).toBeLessThan(5);`],
  [ELAPSED, `const started = Date.now();\nconst ms = Date.now() - started;\nexpect(ms).toBeLessThan(5);`],
  [
    ELAPSED,
    `const began = Date.now();\nconst all: number[] = [];\nall.push(Date.now() - began);\nexpect(all[0]).toBe(5);`,
  ],
  [null, `import { setImmediate } from 'node:timers/promises';\nawait setImmediate();\njest.setTimeout(5);`],
  [null, `const before = Date.now();\nexpect(Date.now()).toBeGreaterThanOrEqual(before);`],
  [null, `const started = performance.now();\nprocess.stdout.write(String(performance.now() - started));`],
];

const files = PLANTED.map((_, n) => path.join(root, `packages/testing/src/planted-wait-${n}.unit.spec.ts`));
const failures = [];
try {
  for (const [n, [, text]] of PLANTED.entries()) writeFileSync(files[n], `${text}\nexport {};\n`);
  const oxlint = path.join(root, 'node_modules/.bin/oxlint');
  const { stdout, stderr } = spawnSync(oxlint, ['--format', 'json', ...files], { cwd: root, encoding: 'utf8' });
  if (!stdout) throw new Error(stderr);
  const { diagnostics } = JSON.parse(stdout);
  for (const [n, [rule, text]] of PLANTED.entries()) {
    const found = diagnostics.filter(({ filename }) => files[n].endsWith(filename)).map(({ code }) => code);
    if (rule !== null && !found.includes(rule)) failures.push(`${rule} does not catch:\n${text}`);
    const ours = found.filter((code) => [TIMERS, IMPORTS, ELAPSED].includes(code));
    if (rule === null && ours.length > 0) failures.push(`${ours} refuses what is allowed:\n${text}`);
  }
} finally {
  for (const file of files) rmSync(file, { force: true });
}
for (const failure of failures) process.stderr.write(`${failure}\n`);
process.exitCode = failures.length === 0 ? 0 : 1;
