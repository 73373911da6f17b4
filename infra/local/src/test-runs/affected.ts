import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CliError, reason } from '@stoa/cli';
import { repoRoot } from '../state-dir/paths.js';

const run = promisify(execFile);

interface Listed {
  readonly packages: { readonly items: readonly { readonly name: string; readonly path: string }[] };
}

/**
 * Folders of the packages that changed since the branch left main, committed or not, and of those that depend on them.
 * @throws CliError without a branch main
 */
export async function affectedFolders(): Promise<string[]> {
  const turbo = join(repoRoot, 'node_modules/.bin/turbo');
  const env = { ...process.env, TURBO_SCM_BASE: await branchPoint(), TURBO_TELEMETRY_DISABLED: '1' };
  const { stdout } = await run(turbo, ['ls', '--affected', '--output', 'json'], { cwd: repoRoot, env });
  return (JSON.parse(stdout) as Listed).packages.items.map(({ path }) => path);
}

async function branchPoint(): Promise<string> {
  let last: unknown;
  for (const main of ['origin/main', 'main']) {
    try {
      const { stdout } = await run('git', ['merge-base', 'HEAD', main], { cwd: repoRoot });
      return stdout.trim();
    } catch (error) {
      last = error;
    }
  }
  throw new CliError(`git knows no branch main to compare with (${reason(last)})`);
}
