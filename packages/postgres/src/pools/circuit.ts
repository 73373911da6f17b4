import { backoff } from '@stoa/timing';

/** A probe's result: the server takes work, takes reads only (a standby, or writes are stopped), or does not reply. */
export type Verdict = 'serves' | 'reads' | 'unavailable';

/** So many ticks of work in flight without any reply ask for a probe. A process that froze itself counts one. */
const SILENT_TICKS = 4;
/** Milliseconds between two probes of a server that gets no work; they double up to the longest. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
/** Milliseconds between two probes that faults ask for while the server replies: a full server causes many faults. */
const CHECKED_EVERY_MS = 250;

/**
 * Exists to decide whether a database server gets work; it works by probes. Faults only ask for a probe.
 *
 * - `serves`: all work passes. A fault of the server, or no reply with work in flight, asks for a probe.
 * - `reads`: reads pass, transactions are refused. Probes go on.
 * - `unavailable`: all work is refused. Probes go on, at growing intervals, until one finds the server again.
 *
 * A probe may fail because the server is slow, so work is refused only if no other work got a reply meanwhile either.
 *
 * Unlike messaging's circuit, it holds no work: callers are refused at once, and the probe is a connection of its own.
 */
export class Circuit {
  private current: Verdict = 'serves';
  private replies = 0;
  private repliesAtTick = 0;
  private silentTicks = 0;
  private isProbing = false;
  private repliesAtProbe = 0;
  private probedAt = Number.NEGATIVE_INFINITY;
  private refusedProbes = 0;

  get state(): Verdict {
    return this.current;
  }

  /** The server replied to some work, be it by an error of the statement. */
  replied(): void {
    this.replies += 1;
  }

  /** A fault of the server. @returns whether a probe is to begin now */
  failed(now: number): boolean {
    if (this.current !== 'serves' || now - this.probedAt < CHECKED_EVERY_MS) return false;
    return this.beginProbe();
  }

  /** Called at even intervals. @param isBusy whether work is in flight @returns whether a probe is to begin now */
  tick(isBusy: boolean): boolean {
    const isSilent = isBusy && this.replies === this.repliesAtTick;
    this.repliesAtTick = this.replies;
    this.silentTicks = isSilent ? this.silentTicks + 1 : 0;
    if (this.silentTicks < SILENT_TICKS || this.current !== 'serves') return false;
    this.silentTicks = 0;
    return this.beginProbe();
  }

  /** The pause before the next probe is over. @returns whether it is to begin now */
  pauseOver(): boolean {
    return this.current !== 'serves' && this.beginProbe();
  }

  /** A probe has ended. @returns milliseconds until the next one; undefined when none is needed */
  probed(verdict: Verdict, now: number): number | undefined {
    this.isProbing = false;
    this.probedAt = now;
    const hasReplied = this.current === 'serves' && this.replies !== this.repliesAtProbe;
    this.current = verdict === 'unavailable' && hasReplied ? 'serves' : verdict;
    if (this.current === 'serves') {
      this.refusedProbes = 0;
      return undefined;
    }
    this.refusedProbes += 1;
    return backoff(this.refusedProbes, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  }

  private beginProbe(): boolean {
    if (this.isProbing) return false;
    this.isProbing = true;
    this.repliesAtProbe = this.replies;
    return true;
  }
}
