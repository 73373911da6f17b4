const BAR_WIDTH = 24;
const PLAIN_EVERY_MS = 5_000;
const DRAW_EVERY_MS = 100;

/** `75` to "1:15", in hours where there are any. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (part: number): string => String(part).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export const grouped = (count: number): string => Math.round(count).toLocaleString('en-US');

/** Where a piece of work is, counted in `done` of `total`; `counted` is what its rate is told in, such as products. */
export interface Step {
  readonly done: number;
  readonly total: number;
  readonly counted: { readonly amount: number; readonly unit: string };
}

/** Shows how far a long piece of work is: a bar that is redrawn on a terminal, a line from time to time elsewhere. */
export class Progress {
  private readonly started: number;
  private shown: number;
  private first: Step | undefined;

  constructor(
    private readonly label: string,
    private readonly out: { readonly isTTY?: boolean; write(text: string): unknown },
    private readonly now: () => number = () => performance.now(),
  ) {
    this.started = now();
    this.shown = out.isTTY ? -Infinity : this.started;
  }

  show(step: Step): void {
    this.first ??= step;
    const now = this.now();
    if (now - this.shown < (this.out.isTTY ? DRAW_EVERY_MS : PLAIN_EVERY_MS)) return;
    this.shown = now;
    const line = this.lineOf(step, this.first, (now - this.started) / 1000);
    this.out.write(this.out.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
  }

  /** Takes the bar away. */
  end(): void {
    if (this.out.isTTY) this.out.write('\r\u001b[K');
  }

  private lineOf(step: Step, first: Step, seconds: number): string {
    const share = step.total > 0 ? Math.min(1, step.done / step.total) : 0;
    const filled = Math.round(share * BAR_WIDTH);
    const bar = this.out.isTTY ? ` ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}` : '';
    const { amount, unit } = step.counted;
    const rate = seconds > 0 ? (amount - first.counted.amount) / seconds : 0;
    const speed = seconds > 0 ? (step.done - first.done) / seconds : 0;
    const left = speed > 0 ? `, ${duration((step.total - step.done) / speed)} left` : '';
    return `${this.label}${bar} ${Math.floor(share * 100)} %, ${grouped(rate)} ${unit}/s${left}`;
  }
}
