import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localRoot } from './state-dir/paths.js';

/** bootstrap.mjs in a checkout whose npm and turbo record their calls. */
describe('bootstrap.mjs', () => {
  let root: string;
  const program = (path: string, script: string): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  };
  const run = (...words: string[]): { code: number | null; stdout: string; stderr: string; calls: string[] } => {
    const env = { PATH: `${join(root, 'bin')}:/usr/bin:/bin` };
    const command = [join(root, 'infra/local/bootstrap.mjs'), ...words];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { env, encoding: 'utf8' });
    const calls = join(root, 'calls');
    return {
      code: status,
      stdout,
      stderr,
      calls: existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [],
    };
  };
  const install = `
    cd ${'"$(dirname "$0")/.."'} && echo "npm $1" >> calls && mkdir -p node_modules/.bin node_modules/node
    echo '{"version":"0.0.0"}' > node_modules/node/package.json
    printf '#!/bin/sh\\necho "turbo $*" >> calls\\n' > node_modules/.bin/turbo
    printf '#!/bin/sh\\necho "handed over: $*"; exit 5\\n' > node_modules/.bin/node
    chmod +x node_modules/.bin/*
    touch node_modules/.package-lock.json`;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stoa-bootstrap-'));
    mkdirSync(join(root, 'infra/local'), { recursive: true });
    cpSync(join(localRoot, 'bootstrap.mjs'), join(root, 'infra/local/bootstrap.mjs'));
    writeFileSync(join(root, 'package-lock.json'), '{}');
    program('bin/npm', install);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('installs once, builds, and hands over with the exit code', () => {
    const first = run('start', '--detach');
    expect(first.stdout).toMatch(/^handed over: .*infra\/local\/dist\/main\.js start --detach\n$/);
    expect([first.code, first.calls[0]]).toEqual([5, 'npm ci']);
    expect(first.calls[1]).toMatch(/^turbo run build /);
    expect(run('start').calls.filter((call) => call === 'npm ci')).toHaveLength(1);
  });

  it('installs again when the lock file is newer', () => {
    run('start');
    utimesSync(join(root, 'package-lock.json'), new Date(), new Date(Date.now() + 5_000));
    expect(run('start').calls.filter((call) => call === 'npm ci')).toHaveLength(2);
  });

  it('does not build what --without leaves out, and builds nothing to show what runs', () => {
    mkdirSync(join(root, 'apps/cart'), { recursive: true });
    // A name that is no app is not passed to turbo.
    expect(run('start', '--without', 'cart,nope', '--detach').calls[1]).toMatch(/stream --filter=!@stoa\/cart$/);
    mkdirSync(join(root, 'infra/local/dist'));
    writeFileSync(join(root, 'infra/local/dist/main.js'), '');
    expect(run('status').calls).toHaveLength(2);
  });

  it('says in one line why npm failed', () => {
    program(
      'bin/npm',
      `printf 'npm error code ENOTFOUND\\nnpm error network request to the registry failed\\n' >&2; exit 1`,
    );
    const { code, stderr } = run('start');
    expect(code).toBe(1);
    expect(stderr).toBe(
      'Installing npm packages ...\n' +
        "stoa: npm ci failed (network request to the registry failed): check the network and npm's registry setting\n",
    );
  });
});
