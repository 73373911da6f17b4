import { createServer } from 'node:net';

// Below the range that kernels give to outgoing connections, which could take a port before its server listens.
const LOWEST = 20_000;
const HIGHEST = 32_000;
const given = new Set<number>();

/** True if this process could listen on the port of 127.0.0.1 now. */
function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Reserves a port for a server that will listen on it: freePort does not give it. @returns false if it is in use */
export async function takePort(port: number): Promise<boolean> {
  if (!(await portIsFree(port))) return false;
  given.add(port);
  return true;
}

/** A port of 127.0.0.1 that nobody listens on and that this process has not given before. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port) || !(await portIsFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST}`);
}
