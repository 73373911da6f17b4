import { duration } from './duration.js';
import { grouped } from './format.js';
import { type Output, StatusLine } from './status-line.js';

const BAR_WIDTH = 24;
const PLAIN_EVERY_MS = 5_000;
const DRAW_EVERY_MS = 100;
/** The rate and the time left follow from the progress within this time. */
const WINDOW_MS = 10_000;

/** How far a long piece of work is. */
export interface ProgressStep {
  readonly done: number;
  readonly total: number;
  /** The amount so far in the unit of the rate. */
  readonly counted: number;
  /** The part of the work that runs now. */
  readonly label?: string;
}

interface ProgressBarOptions {
  readonly out: Output;
  /** The unit of the rate, such as "rows". */
  readonly unit: string;
  /** Shown before the bar. */
  readonly title?: string;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** Text that is full at a share of 1, and has `width` characters at any share. */
export function bar(share: number, width = BAR_WIDTH): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
}

/** Shows how far a long piece of work is: a bar that is redrawn on a terminal, a line every five seconds elsewhere. */
export class ProgressBar {
  private readonly status: StatusLine;
  private readonly now: () => number;
  private readonly title: string;
  private readonly unit: string;
  private shownAt: number;
  private readonly marks: { readonly at: number; readonly counted: number; readonly done: number }[] = [];

  constructor({ out, unit, title = '', now = () => performance.now() }: ProgressBarOptions) {
    this.status = new StatusLine(out);
    this.now = now;
    this.title = title;
    this.unit = unit;
    this.shownAt = this.status.isLive ? -Infinity : now();
  }

  show(step: ProgressStep): void {
    const now = this.now();
    this.marks.push({ at: now, counted: step.counted, done: step.done });
    while ((this.marks[0]?.at ?? now) < now - WINDOW_MS && this.marks.length > 2) this.marks.shift();
    if (now - this.shownAt < (this.status.isLive ? DRAW_EVERY_MS : PLAIN_EVERY_MS)) return;
    this.shownAt = now;
    const text = this.textOf(step);
    if (this.status.isLive) this.status.draw(text);
    else this.status.line(text);
  }

  /** Writes a line that stays. */
  line(text: string): void {
    this.status.line(text);
  }

  /** Removes the bar from the terminal. */
  clear(): void {
    this.status.clear();
  }

  private textOf({ label, done, total, counted }: ProgressStep): string {
    const first = this.marks[0] ?? { at: 0, counted, done };
    const seconds = (this.now() - first.at) / 1000;
    const share = total > 0 ? Math.min(1, done / total) : 0;
    const rate = seconds > 0 ? (counted - first.counted) / seconds : 0;
    const speed = seconds > 0 ? (done - first.done) / seconds : 0;
    const left = speed > 0 ? `, ${duration((total - done) / speed)} left` : '';
    const drawn = this.status.isLive ? `${bar(share)} ` : '';
    const figures = `${drawn}${Math.floor(share * 100)} %, ${grouped(rate)} ${this.unit}/s${left}`;
    return [this.title && `${this.title} `, figures, label && `  ${label}`].filter(Boolean).join('');
  }
}
