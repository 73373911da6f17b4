// Shows that the import rules catch what they are for: plants one violation of each, and expects each to be found and
// nothing else. dependency-cruiser reads planted files in the tree (removed again, whatever happens); turbo's rules are
// tried on a copy of the package files alone.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const bin = (name) => path.join(root, 'node_modules/.bin', name);
const { forbidden } = createRequire(import.meta.url)(path.join(root, '.dependency-cruiser.cjs'));
const failures = [];

/**
 * Rule → planted files with their text; none where the file is planted for another rule and breaks this one too.
 * `null`: allowed, and so must not be found.
 */
const PLANTED = [
  ['apps-never-import-apps', 'apps/cart/src/planted-app.ts', `import '../../profile/src/profile.module.js';`],
  ['gateway-knows-no-service', 'apps/gateway/src/planted-contract.ts', `import '@stoa/cart-contract';`],
  ['gateway-knows-no-service', 'apps/gateway/src/planted-sharding.ts', `import '@stoa/sharding';`],
  ['gateway-knows-no-service', 'apps/gateway/src/planted-keyspace.ts', `import '@stoa/sharded-service';`],
  ['contracts-are-data', 'packages/contracts/cart/src/planted-nest.ts', `import '@nestjs/common';`],
  ['contracts-are-data', 'packages/contracts/cart/src/planted-node.ts', `import 'node:fs';`],
  ['packages-know-no-service', 'packages/messaging/src/planted-service.ts', `import '@stoa/cart-contract';`],
  ['domain-is-pure', 'apps/cart/src/domain/planted-nest.ts', `import '@nestjs/common';`],
  ['domain-is-pure', 'apps/cart/src/domain/planted-files.ts', `import 'node:fs';`],
  ['domain-is-pure', 'apps/catalog/src/domain/planted-require.ts', `import 'node:module';`],
  ['domain-is-pure', 'apps/catalog/src/domain/planted-library.ts', `import 'sanitize-html';`],
  [
    null,
    'apps/cart/src/domain/planted-type.ts',
    `import type { Logger } from '@stoa/service';\nexport type L = Logger;`,
  ],
  [
    'domain-is-below',
    'apps/cart/src/domain/planted-storage.ts',
    `import type { Carts } from '../storage/carts.js';\nexport type C = Carts;`,
  ],
  ['storage-is-below-operations', 'apps/cart/src/storage/planted-operation.ts', `import '../operations/add-item.js';`],
  ['folders-one-way-in-apps/cart/src', 'apps/cart/src/domain/planted-storage.ts', undefined],
  ['folders-one-way-in-apps/cart/src', 'apps/cart/src/storage/planted-operation.ts', undefined],
  [null, 'apps/cart/src/storage/planted-sql.ts', `import 'pg';`],
  ['sql-only-in-storage', 'apps/cart/src/operations/planted-sql.ts', `import 'pg';`],
  ['test-kit-only-in-tests', 'apps/cart/src/planted-kit.ts', `import '@stoa/testing';`],
  [null, 'apps/cart/src/planted-kit.unit.spec.ts', `import '@stoa/testing';`],
  ['command-lines-only-in-cli', 'apps/catalog/src/operations/planted-cli.ts', `import '@stoa/cli';`],
  [null, 'apps/catalog/src/cli/planted-cli.ts', `import '@stoa/cli';`],
  ['only-the-test-kit-knows-infra', 'packages/sharding/src/planted-stack.unit.spec.ts', `import '@stoa/local';`],
  ['no-circles', 'packages/service/src/planted-circle.ts', `import './planted-other.js';`],
  // A circle is reported at one of its modules only.
  ['no-circles', 'packages/service/src/planted-other.ts', `import './planted-circle.js';`],
  ['resolvable', 'packages/service/src/planted-nothing.ts', `import './planted-that-is-not-there.js';`],
  ...upwards(),
];

/** For each source root with ordered folders: a file in its lowest folder that imports one of the root itself. */
function upwards() {
  const ordered = forbidden.filter(({ name }) => name.startsWith('folders-one-way-in-'));
  const folders = ordered.filter(({ from }) => !from.path.includes('.ts('));
  const lowest = new Map(folders.map((rule) => [rule.name, rule.from.path.replaceAll(/^\^|\(\/\|\$\)$/g, '')]));
  return [...lowest].flatMap(([name, folder]) => [
    [name, `${folder}/planted-upwards.ts`, `import '../planted-above.js';`],
    // Nothing but types comes into a domain from elsewhere, so that its planted file breaks that rule as well.
    ...(folder.endsWith('/domain')
      ? [['domain-is-pure', `${folder}/planted-upwards.ts`, `import '../planted-above.js';`]]
      : []),
    [null, `${path.dirname(folder)}/planted-above.ts`, 'export {};'],
  ]);
}

function removePlanted() {
  for (const [, file] of PLANTED) rmSync(path.join(root, file), { force: true });
}

function checkFiles() {
  const taken = PLANTED.find(([, file]) => existsSync(path.join(root, file)));
  if (taken) throw new Error(`${taken[1]} is there already: remove it`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => (removePlanted(), process.exit(1)));
  let found;
  try {
    for (const [, file, text] of PLANTED) if (text !== undefined) writeFileSync(path.join(root, file), `${text}\n`);
    const files = PLANTED.map(([, file]) => file);
    const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...files];
    const { stdout, stderr } = spawnSync(bin('depcruise'), args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
    if (!stdout) throw new Error(stderr);
    found = JSON.parse(stdout).summary.violations.map(({ from, rule }) => `${rule.name} in ${from}`);
  } finally {
    removePlanted();
  }
  const planted = found.filter((line) => line.includes('/planted-'));
  const expected = PLANTED.filter(([rule]) => rule !== null).map(([rule, file]) => `${rule} in ${file}`);
  const caught = (line) =>
    planted.includes(line) || (line.startsWith('no-circles') && planted.some((each) => each.startsWith('no-circles')));
  for (const line of expected) if (!caught(line)) failures.push(`not caught: ${line}`);
  for (const line of planted) if (!expected.includes(line)) failures.push(`found what is allowed: ${line}`);
  for (const { name, comment } of forbidden) {
    if (!comment) failures.push(`the rule ${name} names no way out`);
    if (!PLANTED.some(([rule]) => rule === name)) failures.push(`no violation is planted for the rule ${name}`);
  }
}

/** Package → a dependency that it must not have, and what turbo is expected to say of it. */
const TAGS = [
  ['apps/profile', '@stoa/cart', /denylistfor`@stoa\/profile`/],
  ['apps/gateway', '@stoa/cart-contract', /allowlistfor`@stoa\/gateway`/],
  ['apps/gateway', '@stoa/sharding', /allowlistfor`@stoa\/gateway`/],
  ['packages/service', '@stoa/sharding', /allowlistfor`@stoa\/service`/],
  ['packages/postgres', '@stoa/kafka', /allowlistfor`@stoa\/postgres`/],
  ['packages/contracts/cart', '@stoa/messaging', /allowlistfor`@stoa\/cart-contract`/],
  ['packages/messaging', '@stoa/cart-contract', /allowlistfor`@stoa\/messaging`/],
];

/** The output of `turbo boundaries` for a copy of the package files in which `change` was made. */
function boundariesOf(change) {
  const copy = mkdtempSync(path.join(tmpdir(), 'stoa-import-rules-'));
  try {
    const list = [
      'ls-files',
      '--cached',
      '--others',
      '--exclude-standard',
      '--',
      '*package.json',
      '*turbo.json',
      'package-lock.json',
    ];
    const { stdout } = spawnSync('git', list, { cwd: root, encoding: 'utf8' });
    for (const file of stdout.trim().split('\n')) cpSync(path.join(root, file), path.join(copy, file));
    change(copy);
    const { stdout: out, stderr } = spawnSync(bin('turbo'), ['boundaries', '--no-color'], {
      cwd: copy,
      encoding: 'utf8',
    });
    // Lines are broken anywhere, and a bar is put in front of what goes on.
    return `${out}${stderr}`.replaceAll(/[\s|]+/g, '');
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function checkTags() {
  if (!/noissuesfound/.test(boundariesOf(() => undefined)))
    failures.push('turbo finds issues where nothing is planted');
  for (const [folder, dependency, expected] of TAGS) {
    const said = boundariesOf((copy) => {
      const file = path.join(copy, folder, 'package.json');
      const manifest = JSON.parse(readFileSync(file, 'utf8'));
      manifest.dependencies = { ...manifest.dependencies, [dependency]: '0.1.0' };
      writeFileSync(file, JSON.stringify(manifest));
    });
    if (!expected.test(said)) failures.push(`not caught: ${folder} depends on ${dependency}: ${said.slice(-600)}`);
  }
  const said = boundariesOf((copy) => {
    cpSync(path.join(root, 'packages/sharding/src'), path.join(copy, 'packages/sharding/src'), { recursive: true });
    writeFileSync(path.join(copy, 'packages/sharding/src/planted.ts'), `import 'pino';\n`);
  });
  if (!/cannotimportpackage`pino`/.test(said))
    failures.push(`not caught: an undeclared dependency: ${said.slice(-600)}`);
}

checkFiles();
checkTags();
for (const failure of failures) process.stderr.write(`${failure}\n`);
const tried = PLANTED.filter(([rule]) => rule !== null).length + TAGS.length + 1;
if (failures.length === 0) process.stdout.write(`${tried} planted violations, each caught\n`);
process.exit(failures.length === 0 ? 0 : 1);
