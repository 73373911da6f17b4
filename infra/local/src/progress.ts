const REDRAW_MS = 200;

/**
 * Tells a person what is being done: one line per finished step with its time. On a terminal a last line shows what is under way.
 */
export class Progress {
  private readonly underWay = new Map<string, number>();
  private readonly began = performance.now();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly out: NodeJS.WriteStream = process.stdout,
    private readonly lively = Boolean(out.isTTY),
  ) {}

  /** Runs a step and prints its line when it is done. A step that fails is not printed: the failure will be. */
  async step<T>(name: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> {
    const began = performance.now();
    this.underWay.set(name, began);
    this.animate();
    try {
      const result = await work();
      this.underWay.delete(name);
      const more = detail?.(result);
      this.line(`  ✓ ${(more ? `${name}: ${more}` : name).padEnd(56)} ${seconds(performance.now() - began)}`);
      return result;
    } finally {
      this.underWay.delete(name);
      this.animate();
    }
  }

  /** Prints a line of its own. */
  line(text: string): void {
    this.out.write(`${this.lively ? '\r\u001B[K' : ''}${text}\n`);
    this.draw();
  }

  /** "4.2 s" since the beginning. */
  elapsed(): string {
    return seconds(performance.now() - this.began);
  }

  private animate(): void {
    if (!this.lively) return;
    if (this.underWay.size > 0) this.timer ??= setInterval(() => this.draw(), REDRAW_MS).unref();
    else {
      clearInterval(this.timer);
      this.timer = undefined;
      this.out.write('\r\u001B[K');
    }
  }

  private draw(): void {
    if (!this.lively || this.underWay.size === 0) return;
    const names = [...this.underWay.keys()].join(', ');
    const longest = performance.now() - Math.min(...this.underWay.values());
    const text = `  … ${names} (${seconds(longest)})`.slice(0, (this.out.columns || 80) - 1);
    this.out.write(`\r\u001B[K${text}`);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Runs all at once; when one fails the others are still waited for, so that nothing is in flight when we clean up. */
export async function allSettledOrThrow<T>(work: Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work);
  const failed = results.filter((result) => result.status === 'rejected');
  if (failed[0]) throw failed[0].reason;
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
