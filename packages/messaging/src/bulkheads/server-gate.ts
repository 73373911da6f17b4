import { isServerUnavailable } from './record-faults.js';
import { WaitingCircuit } from './waiting-circuit.js';

/** Events of one server in work at once: one server's events never take another's slots. */
const SLOTS = 64;

/** One database server's share of a consumer: its slots, its circuit, and how much is in memory for it. */
export class ServerGate {
  private readonly circuit: WaitingCircuit;
  private free = SLOTS;
  private readonly waiting: (() => void)[] = [];
  /** Events in memory: in work, or waiting for a slot or for one of their key. */
  messages = 0;
  /** The same in bytes of bodies. */
  bytes = 0;

  /** @param retryMs milliseconds before a server that failed is tried again; doubles */
  constructor(
    readonly server: string,
    retryMs: number,
  ) {
    this.circuit = new WaitingCircuit(retryMs);
  }

  /** Runs work in one of the server's slots, in the order of the calls. */
  async inSlot(work: () => Promise<void>): Promise<void> {
    await this.enter();
    try {
      await work();
    } finally {
      this.leave();
    }
  }

  /**
   * Waits without the slot that the caller is in, and for one afterwards: an event that waits for something else than
   * the server holds up none of the server's other events.
   */
  async outOfSlot(wait: () => Promise<void>): Promise<void> {
    this.leave();
    try {
      await wait();
    } finally {
      await this.enter();
    }
  }

  private async enter(): Promise<void> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.free += 1;
  }

  /**
   * Tries work that needs the server, once the circuit lets it through.
   * @param isWanted false once the work need not be tried any more; called when its turn has come, and after `recheck`
   * @returns undefined when it was not wanted any more @throws what `work` throws
   */
  async try<T>(isWanted: () => boolean, work: () => Promise<T>): Promise<T | undefined> {
    const isProbe = await this.circuit.turn(isWanted);
    if (!isWanted()) return undefined;
    try {
      const result = await work();
      this.circuit.close();
      return result;
    } catch (error) {
      if (isServerUnavailable(error)) this.circuit.failed(isProbe);
      else this.circuit.close();
      throw error;
    }
  }

  /** Ends the wait of work that is not wanted any more. */
  recheck(): void {
    this.circuit.recheck();
  }
}
