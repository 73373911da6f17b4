import { createPublicKey, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../api/requests.js';
import { isCaller, type Proof } from '../protocol/envelope.js';
import type { SealingKeys } from '../sealing/sealed-fields.js';
import { isMac, readMacProof, sharedKey, verifyMac } from './caller-mac.js';
import { Forged, isOver, keyIdOf, verifyProof, type ProvenCaller } from './caller-proof.js';
import type { PublishedKeys } from './caller-signer.js';

const MOST_REMEMBERED = 5_000;
/** Gateways that ran within some days: a process has one key. */
const MOST_KEYS = 2_000;
/** Characters of the largest proof, with an id of a caller as long as services' names may be. */
const MOST_CHARACTERS = 1_000;

/** A gateway's public keys, and what follows from them for this service. */
interface GatewayKeys {
  readonly signing: KeyObject;
  readonly dh: string | undefined;
  /** Keys of MACs by the ids of this service's keys; made when first needed. */
  readonly shared: Map<string, KeyObject>;
}

interface Verified extends ProvenCaller {
  /** The `caller` header that a MAC is about; undefined of a signed proof, which names the caller itself. */
  readonly text: string | undefined;
}

/** CallerVerifier knows who calls by the proof that a gateway made. Each proof is verified once, and remembered. */
export class CallerVerifier {
  private readonly keys = new LRUCache<string, GatewayKeys>({ max: MOST_KEYS });
  private readonly verified = new LRUCache<string, Verified>({ max: MOST_REMEMBERED });

  /** @param own this service's keys, for MACs; without any, only signed proofs are taken */
  constructor(private readonly own?: Pick<SealingKeys, 'privateKeyOf'>) {}

  /** @param published as a gateway published it @throws Error when it holds no key */
  learn(kid: string, published: PublishedKeys): void {
    const { dh, ...jwk } = published;
    const signing = createPublicKey({ key: jwk, format: 'jwk' });
    if (signing.asymmetricKeyType !== 'ed25519') throw new Error(`not an Ed25519 key: ${signing.asymmetricKeyType}`);
    this.keys.set(kid, { signing, dh, shared: new Map() });
  }

  /** @returns undefined where the key is not known (yet) @throws Forged */
  callerOf({ token, callerText }: Proof, nowMs = Date.now()): Caller | undefined {
    const known = this.verified.get(token);
    const isSame = known && (known.text === undefined || known.text === callerText);
    if (isSame && !isOver(known.expires, nowMs)) return known.caller;
    if (token.length > MOST_CHARACTERS) throw new Forged('it is too long');
    const proven = isMac(token) ? this.byMac(token, callerText, nowMs) : this.bySignature(token, nowMs);
    if (proven) this.verified.set(token, proven);
    return proven?.caller;
  }

  private bySignature(proof: string, nowMs: number): Verified | undefined {
    const kid = keyIdOf(proof);
    const key = this.keys.get(kid);
    return key && { ...verifyProof(proof, kid, key.signing, nowMs), text: undefined };
  }

  private byMac(proof: string, claimed: string, nowMs: number): Verified | undefined {
    const read = readMacProof(proof);
    const gateway = this.keys.get(read.gateway);
    if (!gateway) return undefined;
    verifyMac(read, claimed, this.sharedWith(gateway, read.gateway, read.service));
    if (isOver(read.expires, nowMs)) throw new Forged('it has expired');
    const caller: unknown = JSON.parse(claimed);
    if (!isCaller(caller)) throw new Forged('it names no caller');
    return { caller, expires: read.expires, text: claimed };
  }

  private sharedWith({ dh, shared }: GatewayKeys, gateway: string, service: string): KeyObject {
    let key = shared.get(service);
    if (!key) {
      const privateKey = this.own?.privateKeyOf(service);
      if (!privateKey || dh === undefined) throw new Forged('it is for another key than this clone has');
      key = sharedKey(privateKey, dh, { gateway, service });
      shared.set(service, key);
    }
    return key;
  }
}
