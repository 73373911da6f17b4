import { connect } from 'node:net';

/**
 * Sends one command, such as `show servers state`, to an admin socket of HAProxy or to that of its master process.
 * @returns its output
 */
export function haproxyCommand(socketPath: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let output = '';
    socket.setEncoding('utf8');
    socket.setTimeout(5_000, () => socket.destroy(new Error('HAProxy did not reply within 5 s')));
    socket.once('error', reject);
    socket.on('data', (chunk: string) => (output += chunk));
    socket.once('end', () => resolve(output.trim()));
    socket.once('connect', () => socket.end(`${command}\n`));
  });
}
