import { seconds } from './duration.js';
import { type Output, StatusLine } from './status-line.js';

const REDRAW_MS = 200;
const NAME_WIDTH = 56;

/**
 * Shows steps that may overlap: a line for each finished step with its time; on a terminal, the steps under way as
 * well.
 */
export class Steps {
  private readonly underWay = new Map<string, number>();
  private readonly began = performance.now();
  private readonly status: StatusLine;
  private timer: NodeJS.Timeout | undefined;

  constructor(out: Output = process.stdout) {
    this.status = new StatusLine(out);
  }

  /** Runs a step and prints its line when it is done. A step that fails is not printed: its error will be. */
  async step<T>(name: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> {
    const began = performance.now();
    this.underWay.set(name, began);
    this.animate();
    try {
      const result = await work();
      this.underWay.delete(name);
      const more = detail?.(result);
      const text = more ? `${name}: ${more}` : name;
      this.line(`  ✓ ${text.padEnd(NAME_WIDTH)} ${seconds(performance.now() - began)}`);
      return result;
    } finally {
      this.underWay.delete(name);
      this.animate();
    }
  }

  /** Writes a line that stays. */
  line(text: string): void {
    this.status.line(text);
    this.draw();
  }

  /** The time since this was made: "4.2 s". */
  elapsed(): string {
    return seconds(performance.now() - this.began);
  }

  private animate(): void {
    if (!this.status.isLive) return;
    if (this.underWay.size > 0) {
      this.timer ??= setInterval(() => this.draw(), REDRAW_MS).unref();
      return;
    }
    clearInterval(this.timer);
    this.timer = undefined;
    this.status.clear();
  }

  private draw(): void {
    if (!this.status.isLive || this.underWay.size === 0) return;
    const names = [...this.underWay.keys()].join(', ');
    const longest = performance.now() - Math.min(...this.underWay.values());
    this.status.draw(`  … ${names} (${seconds(longest)})`);
  }
}
