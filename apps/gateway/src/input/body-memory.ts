import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, metrics } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import { problem } from '../http/problem.js';
import type { Exchange } from '../http/exchange.js';

const inMemory = metrics.gauge({
  name: 'stoa_gateway_body_bytes',
  help: 'JSON bodies of requests under way; at most BODY_MEMORY_BYTES',
});

/** BodyMemory bounds the bytes of all requests' JSON bodies together, from their first byte until their response. */
@Injectable()
export class BodyMemory {
  private held = 0;

  constructor(@Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'BODY_MEMORY_BYTES' | 'BODY_LIMIT_BYTES'>) {}

  /** Counts bytes of the exchange's body that have come. @throws HttpProblem 503 when there is no room for them */
  take(exchange: Exchange, bytes: number): void {
    const { BODY_MEMORY_BYTES, BODY_LIMIT_BYTES } = this.config;
    if (this.held + bytes > Math.max(BODY_MEMORY_BYTES, BODY_LIMIT_BYTES))
      throw problem('OVERLOADED', 'The bodies of requests under way fill the memory that there is for them; try again');
    exchange.bodyBytes += bytes;
    this.hold(bytes);
  }

  /** The exchange has its response: its body is no longer needed. */
  giveBack(exchange: Exchange): void {
    if (exchange.bodyBytes === 0) return;
    this.hold(-exchange.bodyBytes);
    exchange.bodyBytes = 0;
  }

  private hold(bytes: number): void {
    this.held += bytes;
    inMemory.set(this.held);
  }
}
