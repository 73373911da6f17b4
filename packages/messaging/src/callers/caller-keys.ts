import { pause } from '@stoa/timing';
import type { KafkaPort } from '@stoa/kafka';
import { OperationError } from '@stoa/contract-kit';
import type { CommandReply } from '../api/command-execution.js';
import type { Caller } from '../api/requests.js';
import { businessErrorReply } from '../protocol/business-errors.js';
import type { Envelope, Proof } from '../protocol/envelope.js';
import { GATEWAY } from '../protocol/topics.js';
import type { SealingKeys } from '../sealing/sealed-fields.js';
import type { Where } from './caller-keys-topic.js';
import { Forged, NOT_PROVEN } from './caller-proof.js';
import { IssuerKeys } from './issuer-keys.js';

/** A caller publishes its key before its first request, and a follower may be that much behind. */
const LATE_KEY_MS = 2_000;
const LOOK_AGAIN_MS = 20;

/**
 * CallerKeys knows who calls: a person by the keys of gateways, a service that may call operations here by its own.
 */
export class CallerKeys {
  private readonly gateways: IssuerKeys;
  private readonly services = new Map<string, IssuerKeys>();

  constructor(
    private readonly port: KafkaPort,
    private readonly where: Where,
    own?: SealingKeys,
  ) {
    this.gateways = new IssuerKeys(port, where, GATEWAY, own);
  }

  /** @param services those that the contract's caller rules name @throws KafkaError */
  async open(services: readonly string[] = []): Promise<void> {
    for (const service of services) this.services.set(service, new IssuerKeys(this.port, this.where, service));
    await Promise.all(this.all.map((issuer) => issuer.open()));
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((issuer) => issuer.close()));
  }

  private get all(): IssuerKeys[] {
    return [this.gateways, ...this.services.values()];
  }

  /**
   * The caller of a request, as a gateway proves it, or the service that calls.
   * @throws OperationError UNAUTHENTICATED when it is not proven; UNAVAILABLE when that is not known
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
      const issuer = caller.kind === 'service' ? this.services.get(caller.name) : this.gateways;
      if (!issuer) throw new Forged('nothing here is for that service');
      return (
        issuer.callerOf(proof) ??
        whenKnown(issuer, proof).catch((error: unknown) => {
          throw refused(error);
        })
      );
    } catch (error) {
      throw refused(error);
    }
  }

  /** Runs a request as the caller that is proven, or refuses it. */
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
}

async function whenKnown(issuer: IssuerKeys, proof: Proof): Promise<Caller> {
  for (let waited = 0; waited < LATE_KEY_MS; waited += LOOK_AGAIN_MS) {
    await pause(LOOK_AGAIN_MS);
    const caller = issuer.callerOf(proof);
    if (caller) return caller;
  }
  throw new OperationError('UNAVAILABLE', 'The key that proves who calls is not known');
}
