import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from './paths.js';

const HOUR_MS = 3_600_000;
const underWay = new Map<string, Promise<string>>();

/**
 * Returns the folder `name` of the cache, which `make` fills once: into a temporary folder that is renamed when it is
 * whole, so that a run that dies leaves nothing broken and two runs at once both end with a good one.
 */
export function cached(name: string, make: (dir: string) => Promise<void>, root = cacheDir()): Promise<string> {
  const target = join(root, name);
  const running = underWay.get(target);
  if (running) return running;
  const made = makeOnce(root, name, target, make).finally(() => underWay.delete(target));
  underWay.set(target, made);
  return made;
}

async function makeOnce(
  root: string,
  name: string,
  target: string,
  make: (dir: string) => Promise<void>,
): Promise<string> {
  if (existsSync(target)) return target;
  await mkdir(root, { recursive: true });
  await removeAbandoned(root, `.${name}-`);
  const temporary = await mkdtemp(join(root, `.${name}-`));
  const contents = join(temporary, 'contents');
  try {
    await mkdir(contents, { mode: 0o755 });
    await make(contents);
    await rename(contents, target).catch((error: unknown) => {
      if (!existsSync(target)) throw error; // another run was first: its folder is as good
    });
    return target;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function removeAbandoned(root: string, prefix: string): Promise<void> {
  for (const entry of await readdir(root)) {
    if (!entry.startsWith(prefix)) continue;
    const info = await stat(join(root, entry)).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > HOUR_MS) await rm(join(root, entry), { recursive: true, force: true });
  }
}
