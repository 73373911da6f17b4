/** What a probe found: the server takes work, it takes reads only (a standby, a full stop for writes), or it gives no answer. */
import { backoff } from '@stoa/timing';
export type Verdict = 'serves' | 'reads' | 'unavailable';

/** How many ticks of work in flight without any answer make a server suspect. A process that froze itself counts one. */
const SILENT_TICKS = 4;
/** Milliseconds between two probes of a server that is refused; doubles up to the longest. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
/** Milliseconds between two probes that faults ask for while the server answers: a full server causes many faults. */
const CHECKED_EVERY_MS = 250;

/**
 * Whether one database server is given work. Faults never decide by themselves: they ask for a probe, and its verdict decides.
 *
 * - `serves`: all work passes. A fault of the server, or silence with work in flight, asks for a probe.
 * - `reads`: reads pass, transactions are refused. Probes go on.
 * - `unavailable`: all work is refused. Probes go on, further and further apart, until one finds the server again.
 *
 * A probe may fail because the server is slow. So work is refused only if none was answered meanwhile either.
 */
export class Circuit {
  #state: Verdict = 'serves';
  #answers = 0;
  #answersAtTick = 0;
  #silentTicks = 0;
  #isProbing = false;
  #answersAtProbe = 0;
  #probedAt = Number.NEGATIVE_INFINITY;
  #refusedProbes = 0;

  get state(): Verdict {
    return this.#state;
  }

  /** The server answered a piece of work, be it by an error of the statement. */
  answered(): void {
    this.#answers += 1;
  }

  /** A fault of the server. @returns whether a probe is to begin now */
  failed(now: number): boolean {
    if (this.#state !== 'serves' || now - this.#probedAt < CHECKED_EVERY_MS) return false;
    return this.#beginProbe();
  }

  /** Called at even intervals. @param isBusy whether work is in flight @returns whether a probe is to begin now */
  tick(isBusy: boolean): boolean {
    const isSilent = isBusy && this.#answers === this.#answersAtTick;
    this.#answersAtTick = this.#answers;
    this.#silentTicks = isSilent ? this.#silentTicks + 1 : 0;
    if (this.#silentTicks < SILENT_TICKS || this.#state !== 'serves') return false;
    this.#silentTicks = 0;
    return this.#beginProbe();
  }

  /** The pause before the next probe is over. @returns whether it is to begin now */
  pauseOver(): boolean {
    return this.#state !== 'serves' && this.#beginProbe();
  }

  /** A probe has ended. @returns milliseconds until the next one; undefined when none is needed */
  probed(verdict: Verdict, now: number): number | undefined {
    this.#isProbing = false;
    this.#probedAt = now;
    const wasAnswered = this.#state === 'serves' && this.#answers !== this.#answersAtProbe;
    this.#state = verdict === 'unavailable' && wasAnswered ? 'serves' : verdict;
    if (this.#state === 'serves') {
      this.#refusedProbes = 0;
      return undefined;
    }
    this.#refusedProbes += 1;
    return backoff(this.#refusedProbes, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  }

  #beginProbe(): boolean {
    if (this.#isProbing) return false;
    this.#isProbing = true;
    this.#answersAtProbe = this.#answers;
    return true;
  }
}
