import { pause } from '@stoa/timing';
import type { Follower, KafkaPort, KafkaRecord, TopicSpec } from '@stoa/kafka';
import { OperationError } from '@stoa/contract-kit';
import type { CommandReply } from '../api/command-execution.js';
import type { MessagingOptions } from '../api/options.js';
import type { Caller, OutgoingRequest } from '../api/requests.js';
import { businessErrorReply } from '../protocol/business-errors.js';
import type { Envelope, Proof } from '../protocol/envelope.js';
import { callerKeysTopic } from '../protocol/topics.js';
import type { SealingKeys } from '../sealing/sealed-fields.js';
import { Forged, NOT_PROVEN } from './caller-proof.js';
import { CallerSigner, type PublishedKeys } from './caller-signer.js';
import { CallerVerifier } from './caller-verifier.js';

const HOUR_MS = 3_600_000;
/** Each key is published anew long before its record goes. */
const REPUBLISH_MS = 12 * HOUR_MS;
const AGAIN_MS = 60_000;
const KEPT_MS = 48 * HOUR_MS;
/** A gateway publishes its key before its first request, and a follower may be that much behind. */
const LATE_KEY_MS = 2_000;
const LOOK_AGAIN_MS = 20;
/** While a service rolls, clones of the version before, or of another sealing secret, are beside those of the new. */
const SIGNED_MS = 60_000;

type Where = Pick<MessagingOptions, 'topicPrefix' | 'replicationFactor' | 'logger'>;

/** The topic that holds the public keys of gateways. Whoever is there first makes it. */
export const callerKeysSpec = ({ topicPrefix, replicationFactor }: Omit<Where, 'logger'>): TopicSpec => ({
  topic: callerKeysTopic(topicPrefix),
  partitions: 1,
  replicationFactor,
  config: {
    'cleanup.policy': 'delete',
    'retention.ms': String(KEPT_MS),
    'segment.ms': String(REPUBLISH_MS),
    'message.timestamp.type': 'LogAppendTime',
  },
});

/** CallerProofs is a gateway's side: it proves who calls by keys whose public halves services learn. */
export class CallerProofs {
  private readonly signer = new CallerSigner();
  /** Services that refused a MAC, until when they get signed proofs. */
  private readonly signedUntil = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly port: KafkaPort,
    private readonly where: Where,
  ) {}

  /** Publishes the keys, now and again before its record goes. @throws KafkaError */
  async open(): Promise<void> {
    const spec = callerKeysSpec(this.where);
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

/**
 * CallerKeys knows who calls, by the keys that gateways publish on a topic that nobody else may write. They stay there
 * while no gateway runs.
 */
export class CallerKeys {
  private readonly verifier: CallerVerifier;
  private follower: Follower | undefined;

  constructor(
    private readonly port: KafkaPort,
    private readonly where: Where,
    own?: SealingKeys,
  ) {
    this.verifier = new CallerVerifier(own);
  }

  /** @throws KafkaError */
  async open(): Promise<void> {
    const spec = callerKeysSpec(this.where);
    await this.port.admin.createTopics([spec]);
    this.follower = await this.port.follow({
      partitions: [{ topic: spec.topic, partition: 0, from: 'beginning' }],
      isolation: 'uncommitted',
      onRecords: (records) => records.forEach((record) => this.learn(record)),
      onFault: (err) => this.where.logger.debug({ err }, "reading gateways' keys; trying again"),
    });
  }

  async close(): Promise<void> {
    await this.follower?.close();
  }

  /**
   * The caller of a request, as a gateway proves it.
   * @throws OperationError UNAUTHENTICATED when no gateway says so; UNAVAILABLE when that is not known
   */
  callerOf({ proof, caller, operation }: Envelope): Caller | Promise<Caller> {
    const refused = (error: unknown): Error => {
      if (!(error instanceof Forged)) return error as Error;
      this.where.logger.warn(
        { operation, claimed: caller, why: error.message },
        'a request without proof of its caller',
      );
      return new OperationError('UNAUTHENTICATED', `${NOT_PROVEN}: ${error.message}`);
    };
    try {
      if (proof === undefined) throw new Forged('there is none');
      return (
        this.verifier.callerOf(proof) ??
        this.whenKnown(proof).catch((error: unknown) => {
          throw refused(error);
        })
      );
    } catch (error) {
      throw refused(error);
    }
  }

  /** Runs a request as the caller that a gateway proves, or refuses it. */
  async run(envelope: Envelope, work: (proven: Envelope) => Promise<CommandReply>): Promise<CommandReply> {
    let caller: Caller;
    try {
      const found = this.callerOf(envelope);
      caller = 'then' in found ? await found : found;
    } catch (error) {
      if (error instanceof OperationError) return businessErrorReply(error);
      throw error;
    }
    return work({ ...envelope, caller });
  }

  private async whenKnown(proof: Proof): Promise<Caller> {
    for (let waited = 0; waited < LATE_KEY_MS; waited += LOOK_AGAIN_MS) {
      await pause(LOOK_AGAIN_MS);
      const caller = this.verifier.callerOf(proof);
      if (caller) return caller;
    }
    throw new OperationError('UNAVAILABLE', 'The key that proves who calls is not known');
  }

  private learn({ key, value }: KafkaRecord): void {
    try {
      this.verifier.learn(key?.toString() ?? '', JSON.parse(value?.toString() ?? '') as PublishedKeys);
    } catch (err) {
      this.where.logger.warn({ err }, "a gateway's key cannot be read");
    }
  }
}
