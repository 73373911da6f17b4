import type { KeyObject } from 'node:crypto';
import { sign, verify } from 'node:crypto';
import type { Caller } from '../api/requests.js';
import { isCaller } from '../protocol/envelope.js';

/** How long a proof is good for. Requests wait for 300 s at the most. */
export const PROOF_SECONDS = 900;
/** Seconds that the clocks of gateways and services may disagree. */
const CLOCK_TOLERANCE = 60;
const TYPE = 'caller+jwt';

/** A caller as a gateway has established it, until when. */
export interface ProvenCaller {
  readonly caller: Caller;
  /** Seconds since the epoch. */
  readonly expires: number;
}

/** A proof that no gateway has made, or that is no longer good. */
export class Forged extends Error {}

/** How the detail of an error begins that is about a proof. */
export const NOT_PROVEN = 'Who calls is not proven by a gateway';

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const headerOf = (kid: string): string => encode({ alg: 'EdDSA', typ: TYPE, kid });

/**
 * Proof of who calls: a JWT (RFC 7519) signed with Ed25519 (RFC 8037). jose signs and verifies in other threads only,
 * and a request must not wait for those: so it is done here, in one turn, with the one header that there is.
 */
export function proofOf({ caller, expires }: ProvenCaller, kid: string, privateKey: KeyObject): string {
  const signed = `${headerOf(kid)}.${encode({ caller, exp: expires })}`;
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}

/** The id of the key that a proof says it was signed with. @throws Forged */
export function keyIdOf(proof: string): string {
  const { kid } = contentOf(proof.split('.')[0]) as { kid?: unknown };
  if (typeof kid !== 'string') throw new Forged('it names no key');
  return kid;
}

/** @throws Forged */
export function verifyProof(proof: string, kid: string, publicKey: KeyObject, nowMs: number): ProvenCaller {
  const [header, payload, signature = '', ...more] = proof.split('.');
  // No other algorithm, and no other kind of token, has this header.
  if (header !== headerOf(kid) || more.length > 0) throw new Forged('it is no proof of a caller');
  const signed = Buffer.from(`${header}.${payload}`);
  if (!verify(null, signed, publicKey, Buffer.from(signature, 'base64url'))) throw new Forged('its signature is wrong');
  const { caller, exp } = contentOf(payload) as { caller?: unknown; exp?: unknown };
  if (!isCaller(caller) || typeof exp !== 'number') throw new Forged('it names no caller');
  if (isOver(exp, nowMs)) throw new Forged('it has expired');
  return { caller, expires: exp };
}

/** Whether a proof that ends then is good no longer. */
export const isOver = (expires: number, nowMs: number): boolean => expires + CLOCK_TOLERANCE < nowMs / 1000;

function contentOf(part = ''): object {
  try {
    const content: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    if (typeof content === 'object' && content !== null) return content;
  } catch {
    // as below
  }
  throw new Forged('it cannot be read');
}
