import { generateKeyPairSync, randomBytes, type JsonWebKey } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../api/requests.js';
import { PROOF_SECONDS, proofOf } from './caller-proof.js';

const MOST_REMEMBERED = 5_000;

/**
 * CallerSigner proves to services who calls. Its key lives as long as its process, and nowhere else: there is nothing
 * to keep secret at rest, and what a process that ended has signed is over soon. A caller's proof is made once and good
 * for many requests, since a signature costs more than the rest of a request.
 */
export class CallerSigner {
  readonly kid = randomBytes(9).toString('base64url');
  private readonly keys = generateKeyPairSync('ed25519');
  private readonly remembered = new LRUCache<string, { readonly proof: string; readonly renewAt: number }>({
    max: MOST_REMEMBERED,
  });

  /** As a JWK (RFC 7517). */
  get publicKey(): JsonWebKey {
    return this.keys.publicKey.export({ format: 'jwk' });
  }

  proofOf(caller: Caller, nowMs = Date.now()): string {
    const name = JSON.stringify(caller);
    const known = this.remembered.get(name);
    if (known && known.renewAt > nowMs) return known.proof;
    const proof = proofOf(
      { caller, expires: Math.floor(nowMs / 1000) + PROOF_SECONDS },
      this.kid,
      this.keys.privateKey,
    );
    this.remembered.set(name, { proof, renewAt: nowMs + (PROOF_SECONDS * 1000) / 2 });
    return proof;
  }
}
