import type { Complaint } from './findings.js';

/** One version of a profile, a cart or a product's stock, as a response or an event has it. */
export interface Seen {
  readonly version: number;
  /** The data in one line; undefined where only the version is known. */
  readonly state: string | undefined;
}

/** So many versions back, states are forgotten: nothing is read about them any more. */
const KEPT = 500;

/**
 * The model of one profile, cart or stock. Only one writer changes it, one write at a time, so what each version holds
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

  /** The fault of what was seen, if there is one. `oldest`: the version acknowledged before the request was sent. */
  complaint({ version, state }: Seen, oldest: number): Complaint | undefined {
    if (version < oldest) return { kind: 'lost', text: `version ${version} was seen after ${oldest} was acknowledged` };
    if (version > this.newest)
      return { kind: 'doubled', text: `version ${version} was seen, but only ${this.newest} can be` };
    const known = this.states.get(version);
    if (known === undefined || state === undefined || known === state) return undefined;
    return { kind: 'wrong', text: `version ${version} is ${state}, but ${known} was written` };
  }
}
