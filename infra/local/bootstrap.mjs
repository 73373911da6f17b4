// The beginning of every `npm run ...` of this repository: plain JavaScript for any Node from 20.19 on, because nothing
// needs to be installed yet. It installs missing packages, builds changes, and runs dist/main.js on the pinned Node.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const modules = join(root, 'node_modules');
const main = join(root, 'infra/local/dist/main.js');
const node = join(modules, '.bin/node');
const [verb = 'start', ...words] = process.argv.slice(2);

/** These show, scale or end a running stack: they must be quick and work while sources are being edited. */
const WITHOUT_BUILD = ['status', 'clones', 'stop', 'logs', 'mailbox', 'dead-letters', 'reset', 'withdraw'];

function fail(message) {
  process.stderr.write(`stoa: ${message}\n`);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node ${process.versions.node} is too old: 20.19 or newer is needed`);
  if (process.platform === 'win32') fail('Windows is supported through WSL2: clone and run the repository inside it');
}

/** npm writes its copy of the lock file last: if that is missing or older than ours, no install was finished. */
function isInstalled() {
  const written = join(modules, '.package-lock.json');
  return (
    existsSync(node) &&
    existsSync(written) &&
    statSync(written).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
  );
}

function install() {
  say('Installing npm packages ...');
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, stdout, stderr, error } = spawnSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    // Prisma's query compiler is in its package; it would download an engine for `prisma migrate`, which is not used.
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', PRISMA_SKIP_POSTINSTALL_GENERATE: '1' },
  });
  if (error) fail(`npm could not be started (${error.message}): is it on PATH?`);
  if (status !== 0)
    fail(`npm ci failed (${npmReason(`${stderr}\n${stdout}`)}): check the network and npm's registry setting`);
  if (!existsSync(node)) installNode();
}

function npmReason(output) {
  const lines = output.split('\n').filter((line) => /npm (error|ERR!)/.test(line));
  const telling = lines.filter(
    (line) => !/(A complete log|^npm (error|ERR!)\s*(code|errno|syscall|path|dest|type|$))/.test(line),
  );
  return (telling[0] ?? lines[0] ?? 'it said nothing').replace(/npm (error|ERR!)\s*/, '').trim();
}

/** The package `node` gets its binary by an install script, which some npm settings (ignore-scripts) do not run. */
function installNode() {
  const dir = join(modules, 'node');
  const { scripts } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  const command = scripts.preinstall ?? scripts.install ?? scripts.postinstall;
  spawnSync(command, { cwd: dir, shell: true, stdio: 'ignore' });
  if (!existsSync(join(dir, 'bin/node')))
    fail('the npm package "node" brought no binary: allow its install script, then run npm ci');
}

function build() {
  const args = ['run', 'build', '--output-logs=errors-only', '--ui=stream', ...leftOut()];
  const { status, stdout, stderr, error } = spawnSync(join(modules, '.bin/turbo'), args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: {
      ...process.env,
      PATH: `${join(modules, '.bin')}:${process.env.PATH}`,
      TURBO_TELEMETRY_DISABLED: '1',
      DO_NOT_TRACK: '1',
    },
  });
  if (error) fail(`turbo could not be started (${error.message}): rm -rf node_modules, then try again`);
  if (status === 0) return;
  process.stderr.write(`${stdout}${stderr}`);
  fail('the build failed, see above');
}

/** `--without cart`: its team may be in the middle of a change that does not compile, and others need not wait. */
function leftOut() {
  if (verb !== 'start') return [];
  const from = words.findIndex((word) => word.startsWith('--without'));
  if (from < 0) return [];
  const end = words.findIndex((word, index) => index > from && word.startsWith('--'));
  const names = words
    .slice(from, end < 0 ? undefined : end)
    .flatMap((word) => word.replace(/^--without=?/, '').split(','));
  // A name that is no app's is for the command to refuse: turbo's own message would not help.
  const isApp = (name) => /^[a-z][a-z0-9-]*$/.test(name) && existsSync(join(root, 'apps', name));
  return names.filter(isApp).map((name) => `--filter=!@stoa/${name}`);
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function handOver() {
  const args = ['--disable-warning=ExperimentalWarning', main, verb, ...words];
  // Where Node can replace itself no process is in between: less memory, and signals go straight to it.
  if (process.execve && process.versions.node === nodeVersion())
    process.execve(process.execPath, [process.execPath, ...args]);
  const child = spawn(node, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => fail(`${node} could not be started: ${error.message}`));
  child.once('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}

function nodeVersion() {
  return JSON.parse(readFileSync(join(modules, 'node/package.json'), 'utf8')).version;
}

checkNode();
if (!isInstalled()) install();
if (!WITHOUT_BUILD.includes(verb) || !existsSync(main)) build();
handOver();
