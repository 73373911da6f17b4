import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A proxy between a client and a server that can be cut, or held, and mended. */
export class Line {
  private readonly sockets = new Set<Socket>();
  private state: 'open' | 'cut' | 'still' = 'open';

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  static async to(url: string): Promise<Line> {
    const server = createServer();
    const line = new Line(server, new URL(url));
    server.on('connection', (near) => line.join(near));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return line;
  }

  /** The target's URL over this line. */
  get url(): string {
    const url = new URL(this.target);
    [url.hostname, url.port] = ['127.0.0.1', String((this.server.address() as AddressInfo).port)];
    return url.href;
  }

  /** Breaks all connections, and refuses new ones. */
  cut(): void {
    this.state = 'cut';
    for (const socket of this.sockets) socket.destroy();
  }

  /** Passes nothing any more, without closing a connection, as a machine that froze. */
  hold(): void {
    this.state = 'still';
    for (const socket of this.sockets) socket.pause();
  }

  /** Passes all that was held. */
  mend(): void {
    this.state = 'open';
    for (const socket of this.sockets) socket.resume();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private join(near: Socket): void {
    if (this.state === 'cut') return void near.destroy();
    const far = connect(Number(this.target.port), this.target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (data) => to.write(data));
      from.on('error', () => undefined);
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      if (this.state === 'still') from.pause();
    }
  }
}
