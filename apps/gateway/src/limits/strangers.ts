import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import { problem } from '../http/problem.js';

/** A quarter of what a clone has in flight: a flood of strangers leaves the rest to those who are known. */
const MOST_IN_FLIGHT = 24;

/** Strangers bounds the dear work (sign-ins, registrations) that this clone has in flight for callers of no account. */
@Injectable()
export class Strangers {
  private inFlight = 0;

  constructor(@Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'RATE_LIMITS'>) {}

  /** @throws HttpProblem 503 at once when too much is in flight; what `work` throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.config.RATE_LIMITS && this.inFlight >= MOST_IN_FLIGHT)
      throw problem('OVERLOADED', 'Too many sign-ins and registrations at the moment: try again in a few seconds');
    this.inFlight++;
    try {
      return await work();
    } finally {
      this.inFlight--;
    }
  }
}
