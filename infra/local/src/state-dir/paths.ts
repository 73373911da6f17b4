import { join, resolve } from 'node:path';

/** The checkout's root: this file is infra/local/src/state-dir/paths.ts, or infra/local/dist/state-dir/paths.js once built. */
export const repoRoot = resolve(import.meta.dirname, '../../../..');

/** Where this package's poms and configuration files are. */
export const localRoot = join(repoRoot, 'infra/local');

/** Everything that a local run leaves behind: data, logs, what runs, and the cache. `STOA_STATE_DIR` moves it. */
export function stateDir(): string {
  return resolve(process.env.STOA_STATE_DIR ?? join(repoRoot, '.stoa'));
}

/** Downloaded servers, shared by all runs of this checkout. `STOA_CACHE_DIR` moves it, so that several checkouts can share one. */
export function cacheDir(): string {
  return resolve(process.env.STOA_CACHE_DIR ?? join(stateDir(), 'cache'));
}
