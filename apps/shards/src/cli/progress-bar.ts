import { bar, duration, grouped } from './words.js';

const PLAIN_EVERY_MS = 5_000;
const DRAW_EVERY_MS = 100;
/** Rates are told of what was done this recently. */
const WINDOW_MS = 10_000;

/** Where a piece of work is. */
export interface Progress {
  readonly label: string;
  readonly done: number;
  readonly of: number;
  readonly rows: number;
}

interface Out {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows how far a long piece of work is: a bar that is redrawn on a terminal, a line from time to time elsewhere. */
export class ProgressBar {
  private shown: number;
  private readonly marks: { readonly at: number; readonly rows: number; readonly done: number }[] = [];

  constructor(
    private readonly out: Out,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.shown = out.isTTY ? -Infinity : now();
  }

  show(progress: Progress): void {
    const now = this.now();
    this.marks.push({ at: now, rows: progress.rows, done: progress.done });
    while ((this.marks[0]?.at ?? now) < now - WINDOW_MS && this.marks.length > 2) this.marks.shift();
    if (now - this.shown < (this.out.isTTY ? DRAW_EVERY_MS : PLAIN_EVERY_MS)) return;
    this.shown = now;
    const line = this.lineOf(progress);
    this.out.write(this.out.isTTY ? `\r\u001B[K${line.slice(0, (this.out.columns ?? 120) - 1)}` : `${line}\n`);
  }

  /** Writes a line of its own. */
  line(text: string): void {
    this.clear();
    this.out.write(`${text}\n`);
  }

  clear(): void {
    if (this.out.isTTY) this.out.write('\r\u001B[K');
  }

  private lineOf({ label, done, of, rows }: Progress): string {
    const first = this.marks[0] ?? { at: 0, rows, done };
    const seconds = (this.now() - first.at) / 1000;
    const share = of > 0 ? Math.min(1, done / of) : 0;
    const rate = seconds > 0 ? (rows - first.rows) / seconds : 0;
    const speed = seconds > 0 ? (done - first.done) / seconds : 0;
    const left = speed > 0 ? `, ${duration((of - done) / speed)} left` : '';
    const drawn = this.out.isTTY ? ` ${bar(share)}` : '';
    return `${drawn} ${Math.floor(share * 100)} %, ${grouped(rate)} rows/s${left}  ${label}`.trim();
  }
}
