import { join, resolve } from 'node:path';

/** The checkout's root: this file is in infra/local/src/state-dir, or in infra/local/dist/state-dir once built. */
export const repoRoot = resolve(import.meta.dirname, '../../../..');

/** The folder of this package's poms and configuration files. */
export const localRoot = join(repoRoot, 'infra/local');

/** The folder of everything that a local run writes: data, logs, state and the cache. `STOA_STATE_DIR` moves it. */
export function stateDir(): string {
  return resolve(process.env.STOA_STATE_DIR ?? join(repoRoot, '.stoa'));
}

/** Downloaded servers, shared by all runs of a checkout. `STOA_CACHE_DIR` moves it, so that checkouts can share one. */
export function cacheDir(): string {
  return resolve(process.env.STOA_CACHE_DIR ?? join(stateDir(), 'cache'));
}
