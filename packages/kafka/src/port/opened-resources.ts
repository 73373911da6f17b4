interface Closable {
  close(): Promise<void>;
}

/** Everything that a port has opened and closes with itself, unless it was closed before. */
export class Opened {
  private readonly all = new Set<Closable>();

  keep<T extends Closable>(opened: T): T {
    const close = opened.close.bind(opened);
    opened.close = async () => {
      this.all.delete(opened);
      await close();
    };
    this.all.add(opened);
    return opened;
  }

  /** Keeps what becomes usable by `open`, and closes it when that fails. @throws what `open` throws */
  async keepOnce<T extends Closable>(opened: T, open: (opened: T) => Promise<void>): Promise<T> {
    this.keep(opened);
    try {
      await open(opened);
      return opened;
    } catch (error) {
      await opened.close().catch(() => undefined);
      throw error;
    }
  }

  async closeAll(): Promise<void> {
    await Promise.allSettled([...this.all].map((opened) => opened.close()));
  }
}
