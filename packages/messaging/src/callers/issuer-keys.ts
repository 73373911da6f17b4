import type { Follower, KafkaPort, KafkaRecord } from '@stoa/kafka';
import type { Caller } from '../api/requests.js';
import type { Proof } from '../protocol/envelope.js';
import { GATEWAY } from '../protocol/topics.js';
import type { SealingKeys } from '../sealing/sealed-fields.js';
import { callerKeysSpec, type Where } from './caller-keys-topic.js';
import { Forged } from './caller-proof.js';
import type { PublishedKeys } from './caller-signer.js';
import { CallerVerifier } from './caller-verifier.js';

/**
 * IssuerKeys knows what gateways, or one service, say about who calls, by the keys on a topic that nobody else may
 * write. They stay there while none of them runs. Gateways speak for persons only; a service speaks for itself only.
 */
export class IssuerKeys {
  private readonly verifier: CallerVerifier;
  private follower: Follower | undefined;

  constructor(
    private readonly port: KafkaPort,
    private readonly where: Where,
    private readonly issuer: string,
    own?: SealingKeys,
  ) {
    this.verifier = new CallerVerifier(own);
  }

  /** @throws KafkaError */
  async open(): Promise<void> {
    const spec = callerKeysSpec(this.where, this.issuer);
    await this.port.admin.createTopics([spec]);
    this.follower = await this.port.follow({
      partitions: [{ topic: spec.topic, partition: 0, from: 'beginning' }],
      isolation: 'uncommitted',
      onRecords: (records) => records.forEach((record) => this.learn(record)),
      onFault: (err) => this.where.logger.debug({ err, issuer: this.issuer }, 'reading keys of callers; trying again'),
    });
  }

  async close(): Promise<void> {
    await this.follower?.close();
  }

  /** @returns undefined where the key is not known (yet) @throws Forged */
  callerOf(proof: Proof): Caller | undefined {
    const caller = this.verifier.callerOf(proof);
    if (caller && issuerOf(caller) !== this.issuer) throw new Forged(`${this.issuer} can't speak for that caller`);
    return caller;
  }

  private learn({ key, value }: KafkaRecord): void {
    try {
      this.verifier.learn(key?.toString() ?? '', JSON.parse(value?.toString() ?? '') as PublishedKeys);
    } catch (err) {
      this.where.logger.warn({ err, issuer: this.issuer }, 'a key that proves callers cannot be read');
    }
  }
}

/** The gateway or service that speaks for a caller. */
export const issuerOf = (caller: Caller): string => (caller.kind === 'service' ? caller.name : GATEWAY);
