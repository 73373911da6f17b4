import { setImmediate } from 'node:timers/promises';
import { Circuit, type Verdict } from './circuit.js';
import { serverSignOf, ServerUnavailable } from '../errors/server-errors.js';
import type { OnAvailability } from './hooks.js';
import { probeServer } from './probe.js';

export interface AvailabilityOptions {
  readonly server: string;
  readonly url: string;
  readonly applicationName: string;
  /** Whether work is in flight or waiting. */
  readonly isBusy: () => boolean;
  /** Called so that whoever waits for a reply stops waiting. */
  readonly onUnavailable: () => void;
  readonly onChange?: OnAvailability | undefined;
}

const TICK_MS = 250;

/** Refuses work for a server that can't do it until a probe finds that it can: a Circuit with its timers and probes. */
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

  /** The server replied to work that succeeded. */
  replied(): void {
    this.circuit.replied();
  }

  /** Work failed with this error. @returns the error for its caller: ServerUnavailable while the server is. */
  failed(error: unknown): unknown {
    const sign = serverSignOf(error);
    if (sign === 'replied') this.circuit.replied();
    if (sign !== 'fault') return error;
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
    // After this process froze, time-outs fire before replies that arrived meanwhile are read: those come first.
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
