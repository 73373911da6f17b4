import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../api/requests.js';
import { Forged, isOver, keyIdOf, verifyProof, type ProvenCaller } from './caller-proof.js';

const MOST_REMEMBERED = 5_000;
/** Gateways that ran within some days: a process has one key. */
const MOST_KEYS = 2_000;
/** Characters of the largest proof, with an id of a caller as long as services' names may be. */
const MOST_CHARACTERS = 1_000;

/** CallerVerifier knows who calls by the proof that a gateway made. Each proof is verified once, and remembered. */
export class CallerVerifier {
  private readonly keys = new LRUCache<string, KeyObject>({ max: MOST_KEYS });
  private readonly verified = new LRUCache<string, ProvenCaller>({ max: MOST_REMEMBERED });

  /** @param jwk as a gateway published it @throws Error when it is no key */
  learn(kid: string, jwk: JsonWebKey): void {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`not an Ed25519 key: ${key.asymmetricKeyType}`);
    this.keys.set(kid, key);
  }

  /** @returns undefined where the key is not known (yet) @throws Forged */
  callerOf(proof: string, nowMs = Date.now()): Caller | undefined {
    const known = this.verified.get(proof);
    if (known && !isOver(known.expires, nowMs)) return known.caller;
    if (proof.length > MOST_CHARACTERS) throw new Forged('it is too long');
    const kid = keyIdOf(proof);
    const key = this.keys.get(kid);
    if (!key) return undefined;
    const proven = verifyProof(proof, kid, key, nowMs);
    this.verified.set(proof, proven);
    return proven.caller;
  }
}
