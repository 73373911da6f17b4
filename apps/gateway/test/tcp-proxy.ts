import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy before a server, which can cut connections, or swallow all bytes, and be restored. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private mode: 'open' | 'cut' | 'silent' = 'open';

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(target: string): Promise<TcpProxy> {
    const to = new URL(target);
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(target);
    url.port = String((server.address() as AddressInfo).port);
    const proxy = new TcpProxy(server, url.href);
    server.on('connection', (socket) => proxy.connect(socket, to));
    return proxy;
  }

  /** Connections are broken and refused. */
  cut(): void {
    this.mode = 'cut';
    for (const socket of this.sockets) socket.destroy();
  }

  /** Connections stay and nothing comes back. */
  silence(): void {
    this.mode = 'silent';
  }

  restore(): void {
    this.mode = 'open';
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private connect(socket: Socket, to: URL): void {
    if (this.mode === 'cut') return void socket.destroy();
    const far = connect(Number(to.port), to.hostname);
    this.pipe(socket, far);
    this.pipe(far, socket);
  }

  private pipe(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.on('data', (data) => this.mode === 'open' && to.write(data));
    from.on('error', () => from.destroy());
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }
}
