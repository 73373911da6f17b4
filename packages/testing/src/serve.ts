import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { stateDir } from '@stoa/local';
import { startTestServers } from './servers.js';

// `npm run servers -w @stoa/testing`: keeps the test servers running between test runs, until Ctrl-C.
const write = (text: string): void => void process.stdout.write(text);

try {
  const servers = await startTestServers();
  const exports = Object.entries(servers.environment)
    .map(([name, value]) => `export ${name}=${value}\n`)
    .join('');
  const file = join(stateDir(), 'test-servers.env');
  await mkdir(stateDir(), { recursive: true });
  await writeFile(file, exports);
  write(`${exports}# the same lines are in ${file}; Ctrl-C stops the servers\n`);
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await rm(file, { force: true });
    await servers.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void stop());
} catch (error) {
  if (!(error instanceof CliError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
