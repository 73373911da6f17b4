import { generateKeyPairSync, randomBytes, type JsonWebKey, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Caller, ServiceKey } from '../api/requests.js';
import { macProofOf, sharedKey } from './caller-mac.js';
import { PROOF_SECONDS, proofOf } from './caller-proof.js';

const MOST_REMEMBERED = 5_000;

/** The public half of a gateway's keys: an Ed25519 key as a JWK (RFC 7517), with an X25519 key beside it. */
export interface PublishedKeys extends JsonWebKey {
  /** The X25519 key; undefined of a gateway of the version before, which signs all that it proves. */
  readonly dh?: string;
}

/**
 * CallerSigner proves to services who calls. Its keys live as long as its process, and nowhere else: there is nothing
 * to keep secret at rest, and what a process that ended has proven is over soon. A proof is a MAC where the service has
 * published a key, and a signature elsewhere. A caller's proof is made once and good for many requests.
 */
export class CallerSigner {
  readonly kid = randomBytes(9).toString('base64url');
  private readonly signing = generateKeyPairSync('ed25519');
  private readonly agreeing = generateKeyPairSync('x25519');
  /** By the ids of services' keys. */
  private readonly shared = new Map<string, KeyObject>();
  private readonly remembered = new LRUCache<string, { readonly proof: string; readonly renewAt: number }>({
    max: MOST_REMEMBERED,
  });

  get publicKeys(): PublishedKeys {
    const { x } = this.agreeing.publicKey.export({ format: 'jwk' });
    return { ...this.signing.publicKey.export({ format: 'jwk' }), ...(x !== undefined && { dh: x }) };
  }

  /** @param to the key of the service that it is for; undefined makes one that every service takes */
  proofOf(caller: Caller, to?: ServiceKey, nowMs = Date.now()): string {
    const text = JSON.stringify(caller);
    const name = to ? `${to.kid} ${text}` : text;
    const known = this.remembered.get(name);
    if (known && known.renewAt > nowMs) return known.proof;
    const expires = Math.floor(nowMs / 1000) + PROOF_SECONDS;
    const proof = to
      ? macProofOf(text, expires, { gateway: this.kid, service: to.kid }, this.sharedWith(to))
      : proofOf({ caller, expires }, this.kid, this.signing.privateKey);
    this.remembered.set(name, { proof, renewAt: nowMs + (PROOF_SECONDS * 1000) / 2 });
    return proof;
  }

  private sharedWith({ kid, x = '' }: ServiceKey): KeyObject {
    let key = this.shared.get(kid);
    if (!key) {
      key = sharedKey(this.agreeing.privateKey, x, { gateway: this.kid, service: kid });
      this.shared.set(kid, key);
    }
    return key;
  }
}
