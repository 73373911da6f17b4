import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface ProbedServer {
  readonly host: string;
  readonly port: number;
  /** Whether it takes TLS only. */
  readonly tls?: boolean;
  readonly timeoutMs: number;
}

/**
 * Sends a request to a server and returns its reply once `isWhole`.
 * Rejects when nobody listens, the other side closes first, or the time is over.
 */
export function probe(
  { host, port, tls = false, timeoutMs }: ProbedServer,
  request: Buffer,
  isWhole: (reply: Buffer) => boolean,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = tls ? connectTls({ host, port, servername: host }) : connect({ host, port });
    let reply: Buffer = Buffer.alloc(0);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no reply within ${timeoutMs / 1000} s`)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed the connection')));
    socket.once(tls ? 'secureConnect' : 'connect', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => {
      reply = Buffer.concat([reply, chunk]);
      if (!isWhole(reply)) return;
      resolve(reply);
      socket.destroy();
    });
  });
}

/** As `probe`, on a port of 127.0.0.1 and within 2 s. */
export const probeLocal = (port: number, request: Buffer, isWhole: (reply: Buffer) => boolean): Promise<Buffer> =>
  probe({ host: '127.0.0.1', port, timeoutMs: 2_000 }, request, isWhole);
