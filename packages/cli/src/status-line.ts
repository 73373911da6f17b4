const CLEAR = '\r\u001B[K';
const USUAL_COLUMNS = 120;

/** A stream that lines are written to; a terminal has `isTTY` and `columns`. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * The last line of a terminal, which is drawn again and again. Elsewhere there is none: only whole lines are written.
 */
export class StatusLine {
  readonly isLive: boolean;

  constructor(private readonly out: Output) {
    this.isLive = Boolean(out.isTTY);
  }

  /** Shows the text instead of the one before, cut to the terminal's width. */
  draw(text: string): void {
    if (this.isLive) this.out.write(`${CLEAR}${text.slice(0, (this.out.columns ?? USUAL_COLUMNS) - 1)}`);
  }

  clear(): void {
    if (this.isLive) this.out.write(CLEAR);
  }

  /** Writes a line that stays, in place of the one that was drawn. */
  line(text: string): void {
    this.out.write(`${this.isLive ? CLEAR : ''}${text}\n`);
  }
}
