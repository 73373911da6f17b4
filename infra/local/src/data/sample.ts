import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reason } from '@stoa/cli';
import { run } from '../machine/run.js';
import type { Context } from '../plan/context.js';

/**
 * Imports the sample catalog once into a shop whose catalog is embedded.
 * A failure is printed, and the next start tries again.
 */
export async function loadSample(context: Context, url: string): Promise<void> {
  const { setup, stateDir, appsDir, progress } = context;
  const marker = join(stateDir, 'data/sample-loaded');
  const sample = join(appsDir, 'catalog/sample/catalog.ndjson');
  const isHere = (app: string): boolean => setup.services.some((service) => service.app === app);
  // Signing in and importing need these three; a database that the environment names gets no sample.
  const possible = ['gateway', 'profile', 'catalog'].every(isHere) && !setup.external.databases.has('catalog');
  if (!possible || existsSync(marker) || !existsSync(sample)) return;
  try {
    await progress.step('sample catalog', () => importFile(context, sample, url));
    writeFileSync(marker, '');
  } catch (error) {
    progress.line(`  ! the sample catalog was not loaded: ${reason(error)}`);
  }
}

async function importFile(context: Context, file: string, url: string): Promise<void> {
  const { operator } = context;
  const env = {
    ...context.env,
    STOA_URL: url,
    STOA_OPERATOR_EMAIL: operator.email,
    STOA_OPERATOR_PASSWORD: operator.password,
  };
  const cli = join(context.appsDir, 'catalog/dist/cli/main.js');
  const { code, output } = await run(context.node, [cli, 'import', file], { env });
  if (code !== 0) throw new Error(output.trim().split('\n').at(-1) || `exit code ${code}`);
}
