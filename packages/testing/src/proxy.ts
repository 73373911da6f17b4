import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually } from './eventually.js';

/**
 * A way to a server that a test can disturb: closed, frozen (connections are accepted, nothing is answered), or slow.
 */
export class TestProxy {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  private isFrozen = false;
  private delayMs = 0;

  private constructor(
    private readonly upstream: { readonly host: string; readonly port: number },
    private port = 0,
  ) {}

  /** @param url of the server; `through` gives the same by way of the proxy */
  static async open(url: string): Promise<TestProxy> {
    const { hostname, port } = new URL(url);
    const proxy = new TestProxy({ host: hostname, port: Number(port) });
    await proxy.listen();
    return proxy;
  }

  through(url: string): string {
    const there = new URL(url);
    there.hostname = '127.0.0.1';
    there.port = String(this.port);
    return there.href;
  }

  /** Nothing listens any more, and all connections break. */
  async close(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.sockets) socket.resetAndDestroy();
    await closed;
  }

  /** Connections are accepted and stay open; nothing gets through. */
  freeze(): void {
    this.isFrozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  /** Delays all that is sent from now on by so many milliseconds, each way. */
  slow(delayMs: number): void {
    this.delayMs = delayMs;
  }

  /** As it was at first. What was held back gets through. */
  async restore(): Promise<void> {
    this.delayMs = 0;
    this.isFrozen = false;
    for (const socket of this.sockets) socket.resume();
    // Another process may have got the port for a connection of its own meanwhile.
    if (!this.server) await eventually(() => this.listen());
  }

  private async listen(): Promise<void> {
    const server = createServer((socket) => this.join(socket));
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  private join(socket: Socket): void {
    const there = connect(this.upstream);
    for (const [from, to] of [
      [socket, there],
      [there, socket],
    ] as const) {
      this.sockets.add(from);
      if (this.isFrozen) from.pause();
      from.on('data', this.passTo(to));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }

  private passTo(to: Socket): (chunk: Buffer) => void {
    const held: Buffer[] = [];
    const passFirst = (): void => {
      const chunk = held.shift();
      if (chunk && to.writable) to.write(chunk);
    };
    return (chunk) => {
      held.push(chunk);
      if (this.delayMs === 0 && held.length === 1) passFirst();
      else setTimeout(passFirst, this.delayMs);
    };
  }
}
