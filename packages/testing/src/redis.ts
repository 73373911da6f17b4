import { connect } from 'node:net';
import { testEnvironment } from './environment.js';

/**
 * An empty numbered database of the shared Redis for one test file: its keys meet nobody else's. Channels are shared.
 */
export async function testRedis(): Promise<{ url: string }> {
  const url = new URL(testEnvironment().STOA_TEST_REDIS_URL);
  const [next, limit] = await Promise.all([
    redisCommand(url, ['INCR stoa:test:next-database']),
    redisCommand(url, ['CONFIG GET databases']),
  ]);
  const databases = Number(/\r\n(\d+)\r\n$/.exec(limit)?.[1] ?? 16);
  // Number 0 keeps the counter itself.
  const index = 1 + (Number(next.replace(/\D/g, '')) % (databases - 1));
  await redisCommand(url, [`SELECT ${index}`, 'FLUSHDB']);
  url.pathname = `/${index}`;
  return { url: url.href };
}

/** Sends inline commands on a connection of their own and returns the raw replies. */
function redisCommand(url: URL, commands: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: url.hostname, port: Number(url.port) });
    let reply = '';
    socket.setEncoding('utf8');
    socket.once('error', reject);
    socket.on('data', (chunk: string) => (reply += chunk));
    socket.once('end', () => {
      const last = reply.replace(/\+OK\r\n$/, '');
      if (last.includes('-ERR')) reject(new Error(`Redis refused ${commands.join('; ')}: ${last.trim()}`));
      else resolve(last);
    });
    socket.once('connect', () => socket.write(`${[...commands, 'QUIT'].join('\r\n')}\r\n`));
  });
}
