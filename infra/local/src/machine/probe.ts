import { connect } from 'node:net';

/**
 * Sends bytes to a port of 127.0.0.1 and returns the answer once `enough` accepts it.
 * Rejects when nobody listens, the other side closes first, or 2 s pass.
 */
export function ask(port: number, question: Buffer, enough: (answer: Buffer) => boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let answer: Buffer = Buffer.alloc(0);
    socket.setTimeout(2_000, () => socket.destroy(new Error('no answer within 2 s')));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
    socket.once('connect', () => socket.write(question));
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      if (!enough(answer)) return;
      resolve(answer);
      socket.destroy();
    });
  });
}
