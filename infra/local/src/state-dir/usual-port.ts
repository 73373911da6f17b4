import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, takePort } from '../machine/ports.js';

/** The port that a server had at the last start if it is free, else a new one that is kept in `data/<name>.port`. */
export async function usualPort(stateDir: string, name: string): Promise<number> {
  const file = join(stateDir, 'data', `${name}.port`);
  const before = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (before > 0 && (await takePort(before))) return before;
  const port = await freePort();
  mkdirSync(join(stateDir, 'data'), { recursive: true });
  writeFileSync(file, `${port}\n`);
  return port;
}
