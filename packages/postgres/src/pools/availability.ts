import { setImmediate } from 'node:timers/promises';
import { Circuit, type Verdict } from './circuit.js';
import { saysOfServer, ServerUnavailable } from '../errors/server-errors.js';
import type { OnAvailability } from './hooks.js';
import { probeServer } from './probe.js';

export interface AvailabilityOptions {
  readonly server: string;
  readonly url: string;
  readonly applicationName: string;
  /** Whether work is in flight or waits. */
  readonly isBusy: () => boolean;
  /** Whatever waits for an answer waits in vain. */
  readonly onUnavailable: () => void;
  readonly onChange?: OnAvailability | undefined;
}

const TICK_MS = 250;

/** Refuses work for a server that can't do it, until a probe finds that it can: the timers and probes of a Circuit. */
export class Availability {
  private readonly circuit = new Circuit();
  private readonly ticks: NodeJS.Timeout;
  private nextProbe: NodeJS.Timeout | undefined;
  private cause: unknown;
  private isClosed = false;

  constructor(private readonly options: AvailabilityOptions) {
    this.ticks = setInterval(() => {
      if (this.circuit.tick(options.isBusy())) void this.probe();
    }, TICK_MS);
    this.ticks.unref();
  }

  get state(): Verdict {
    return this.circuit.state;
  }

  /** @throws ServerUnavailable */
  admit(writes: boolean): void {
    const { state } = this.circuit;
    if (state === 'serves' || (state === 'reads' && !writes)) return;
    throw new ServerUnavailable(this.options.server, this.cause);
  }

  answered(): void {
    this.circuit.answered();
  }

  /** A piece of work ended with this error. @returns what its caller is to get: trying again is no use while it is unavailable */
  failed(error: unknown): unknown {
    const said = saysOfServer(error);
    if (said === 'answered') this.circuit.answered();
    if (said !== 'fault') return error;
    if (this.circuit.failed(performance.now())) void this.probe();
    return this.circuit.state === 'serves' ? error : new ServerUnavailable(this.options.server, error);
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.ticks);
    clearTimeout(this.nextProbe);
  }

  private async probe(): Promise<void> {
    const { server, url, applicationName, onUnavailable, onChange } = this.options;
    const { verdict, cause } = await probeServer(url, applicationName);
    // After this process froze, time-outs come before the answers that have arrived meanwhile: those are heard first.
    if (verdict === 'unavailable') await setImmediate();
    if (this.isClosed) return;
    const before = this.circuit.state;
    const pauseMs = this.circuit.probed(verdict, performance.now());
    const now = this.circuit.state;
    this.cause = cause;
    if (pauseMs !== undefined) {
      this.nextProbe = setTimeout(() => this.circuit.pauseOver() && void this.probe(), pauseMs);
      this.nextProbe.unref();
    }
    if (now === before) return;
    if (now === 'unavailable') onUnavailable();
    onChange?.(server, now, cause);
  }
}
