import type { Database, DatabaseServer } from '@stoa/postgres';

/** One clone's work for one of its service's databases. */
export interface WorkOfServer {
  readonly server: DatabaseServer;
  start(): void;
  /** There is something to do at once. */
  notify(): void;
  stop(): Promise<void>;
}

/**
 * Milliseconds between two polls of the list of databases, to which shards are added and from which they are removed.
 */
const POLL_MS = 1_000;

/** EachServer keeps one piece of work for each of a service's databases, as these come and go. */
export class EachServer<Work extends WorkOfServer> {
  private readonly works = new Map<string, Work>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Pick<Database, 'servers'>,
    private readonly workFor: (server: DatabaseServer) => Work,
  ) {}

  get all(): readonly Work[] {
    return [...this.works.values()];
  }

  start(): void {
    this.follow();
    this.timer = setInterval(() => this.follow(), POLL_MS);
  }

  /** Notifies the work of one database; of all, where it is not known which. */
  notify(server: string | undefined): void {
    for (const [name, work] of this.works) if (server === undefined || name === server) work.notify();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.all.map((work) => work.stop()));
    this.works.clear();
  }

  private follow(): void {
    const servers = new Map(this.database.servers().map((server) => [server.name, server]));
    for (const [name, work] of this.works) {
      // A shard that is reached by another URL now is another server under the same name.
      if (servers.get(name) === work.server) continue;
      this.works.delete(name);
      void work.stop();
    }
    for (const [name, server] of servers) {
      if (this.works.has(name)) continue;
      const work = this.workFor(server);
      this.works.set(name, work);
      work.start();
    }
  }
}
