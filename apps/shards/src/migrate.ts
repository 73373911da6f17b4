import { messagingMigrations } from '@stoa/messaging';
import { loadConfig, postgresUrl, scrub } from '@stoa/service';
import { migrate } from '@stoa/postgres';
import { installDirectory } from '@stoa/sharding';
import { z } from 'zod';

const variables = z.object({ DIRECTORY_ADMIN_URL: postgresUrl('the shard map, as its owner') });

try {
  const { DIRECTORY_ADMIN_URL: url } = loadConfig(variables, process.env);
  const log = (line: string): void => void process.stdout.write(`shards: ${line}\n`);
  await installDirectory(url);
  const applied = await migrate({ url, packages: [messagingMigrations], log });
  if (applied.length === 0) log('the directory is up to date');
} catch (error) {
  process.stderr.write(scrub(`shards: ${error instanceof Error ? error.message : String(error)}\n`));
  process.exitCode = 1;
}
