import type { KafkaPort } from '@stoa/kafka';
import type { MessagingOptions } from '../api/options.js';
import type { OutgoingRequest } from '../api/requests.js';
import { callerKeysSpec, REPUBLISH_MS, type Where } from './caller-keys-topic.js';
import { CallerSigner } from './caller-signer.js';

const AGAIN_MS = 60_000;
/** While a service rolls, clones of the version before, or of another sealing secret, are beside those of the new. */
const SIGNED_MS = 60_000;

/**
 * CallerProofs is the side of a gateway, or of a service that calls others: it proves who calls by keys whose public
 * halves services learn.
 */
export class CallerProofs {
  private readonly signer = new CallerSigner();
  /** Services that refused a MAC, until when they get signed proofs. */
  private readonly signedUntil = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly port: KafkaPort,
    private readonly where: Where & Pick<MessagingOptions, 'service'>,
  ) {}

  /** Publishes the keys, now and again before its record goes. @throws KafkaError */
  async open(): Promise<void> {
    const spec = callerKeysSpec(this.where, this.where.service);
    await this.port.admin.createTopics([spec]);
    const value = JSON.stringify(this.signer.publicKeys);
    await this.port.produce([{ topic: spec.topic, key: this.signer.kid, value, partition: 0 }], 'all');
    this.openIn(REPUBLISH_MS);
  }

  of(request: Pick<OutgoingRequest, 'service' | 'caller' | 'serviceKey'>): string {
    return this.signer.proofOf(request.caller, this.isSigned(request) ? undefined : request.serviceKey);
  }

  /** Notes that a service refused the proof of a request. @returns whether another kind of proof may do */
  refused(request: Pick<OutgoingRequest, 'service' | 'serviceKey'>): boolean {
    if (this.isSigned(request)) return false;
    this.signedUntil.set(request.service, performance.now() + SIGNED_MS);
    return true;
  }

  private isSigned({ service, serviceKey }: Pick<OutgoingRequest, 'service' | 'serviceKey'>): boolean {
    return serviceKey === undefined || (this.signedUntil.get(service) ?? 0) > performance.now();
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private openIn(ms: number): void {
    this.timer = setTimeout(() => {
      this.open().catch((err: unknown) => {
        this.where.logger.warn({ err }, 'the key that proves callers could not be published; trying again');
        this.openIn(AGAIN_MS);
      });
    }, ms);
    this.timer.unref();
  }
}
