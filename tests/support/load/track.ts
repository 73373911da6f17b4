import type { Complaint } from './findings.js';

/** One version of a profile, a cart or a product's stock, as an answer or an event tells it. */
export interface Seen {
  readonly version: number;
  /** What it holds, in one line; undefined where the version alone is told. */
  readonly state: string | undefined;
}

/** So many versions back, states are forgotten: nothing is asked about them any more. */
const KEPT = 500;

/**
 * What the model knows of one profile, cart or stock. Only one writer changes it, one write at a time, so what each version holds
 * is known before it is written, and every version that anybody ever sees can be checked.
 */
export class Track {
  private readonly states = new Map<number, string>();
  private isPending = false;
  /** A write whose outcome was never learned: it happened once or not at all. */
  isInDoubt = false;
  /** The last version that was acknowledged. */
  acknowledged: number;

  constructor(seen: Seen) {
    this.acknowledged = seen.version;
    this.adopt(seen);
  }

  /** Whatever was known before, this is how it is: after a complaint, so that the same is not complained of twice. */
  adopt({ version, state }: Seen): void {
    this.acknowledged = version;
    this.isPending = false;
    this.isInDoubt = false;
    if (state !== undefined) this.states.set(version, state);
  }

  /** A write is about to be sent that makes the next version this. */
  begin(state: string): void {
    this.states.set(this.acknowledged + 1, state);
    this.isPending = true;
  }

  acknowledge(): void {
    this.acknowledged += 1;
    this.isPending = false;
    this.isInDoubt = false;
    this.states.delete(this.acknowledged - KEPT);
  }

  /** It was refused: nothing has changed. */
  refuse(): void {
    this.states.delete(this.acknowledged + 1);
    this.isPending = false;
  }

  giveUp(): void {
    this.isInDoubt = true;
  }

  /** The newest version that may be. */
  get newest(): number {
    return this.acknowledged + (this.isPending ? 1 : 0);
  }

  /** What is wrong with what was seen, if anything is. `oldest`: what was acknowledged before the question was asked. */
  complaint({ version, state }: Seen, oldest: number): Complaint | undefined {
    if (version < oldest) return { kind: 'lost', text: `version ${version} was seen after ${oldest} was acknowledged` };
    if (version > this.newest)
      return { kind: 'doubled', text: `version ${version} was seen, but only ${this.newest} can be` };
    const known = this.states.get(version);
    if (known === undefined || state === undefined || known === state) return undefined;
    return { kind: 'wrong', text: `version ${version} is ${state}, but ${known} was written` };
  }
}
