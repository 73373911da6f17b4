import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { freePort } from '../src/machine/ports.js';

/** A server behind HAProxy of which a test decides what it does. */
export interface Gateway {
  name: string;
  port: number;
  server: Server;
  ready: boolean;
  seen: IncomingMessage[];
  /** Handles a request; if not set, the body is its name. */
  respond?: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Starts one on a free port. */
export async function gateway(name: string): Promise<Gateway> {
  const port = await freePort();
  const server = createServer((request, response) => {
    if (request.url === '/health/ready') {
      response.writeHead(self.ready ? 200 : 503).end();
      return;
    }
    self.seen.push(request);
    if (self.respond) self.respond(request, response);
    else response.end(name);
  });
  const self: Gateway = { name, port, server, ready: true, seen: [] };
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return self;
}

/** Sends bytes as they are, and resolves with all that comes back until the connection ends. */
export function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (data) => (text += data.toString()));
    socket.on('error', () => undefined).on('close', () => resolve(text));
  });
}
