import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A way to a server that can be cut, or made to swallow everything, and mended again. */
export class CutOff {
  private readonly sockets = new Set<Socket>();
  private mode: 'open' | 'cut' | 'silent' = 'open';

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(target: string): Promise<CutOff> {
    const to = new URL(target);
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(target);
    url.port = String((server.address() as AddressInfo).port);
    const cutOff = new CutOff(server, url.href);
    server.on('connection', (socket) => cutOff.connect(socket, to));
    return cutOff;
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

  mend(): void {
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
    this.pass(socket, far);
    this.pass(far, socket);
  }

  private pass(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.on('data', (data) => this.mode === 'open' && to.write(data));
    from.on('error', () => from.destroy());
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }
}
