import { newId } from '../protocol/ids.js';
import { CallerSigner } from './caller-signer.js';
import { CallerVerifier } from './caller-verifier.js';

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('the proof of who calls', () => {
  const signer = new CallerSigner();
  const verifier = new CallerVerifier();
  verifier.learn(signer.kid, signer.publicKey);
  const guest = { kind: 'guest', customerId: newId() } as const;
  const proof = signer.proofOf(guest);
  const [header = '', , signature = ''] = proof.split('.');

  it('says who it is, and is made once for many requests', () => {
    expect(verifier.callerOf(proof)).toEqual(guest);
    expect(signer.proofOf({ ...guest })).toBe(proof);
    expect(signer.proofOf({ ...guest, kind: 'customer' })).not.toBe(proof);
  });

  it('is made anew long before it ends, and refused when it has ended', () => {
    const later = Date.now() + 10 * 60_000;
    const renewed = signer.proofOf(guest, later);
    expect(renewed).not.toBe(proof);
    expect(verifier.callerOf(proof, later)).toEqual(guest);
    expect(() => verifier.callerOf(proof, later + 10 * 60_000)).toThrow('expired');
    expect(verifier.callerOf(renewed, later + 10 * 60_000)).toEqual(guest);
  });

  it('is unknown while the key is', () => {
    expect(new CallerVerifier().callerOf(proof)).toBeUndefined();
  });

  const operator = encode({ caller: { kind: 'operator', customerId: newId() }, exp: 9_999_999_999 });
  const other = new CallerSigner();
  const foreign = other.proofOf(guest).split('.');

  it.each([
    ['another caller under the same signature', `${header}.${operator}.${signature}`, 'signature'],
    ['no signature', `${header}.${operator}.`, 'signature'],
    ["another key's signature", `${header}.${foreign[1]}.${foreign[2]}`, 'signature'],
    ['no algorithm', `${encode({ alg: 'none', typ: 'caller+jwt', kid: signer.kid })}.${operator}.`, 'no proof'],
    ['a secret for a key', `${encode({ alg: 'HS256', typ: 'caller+jwt', kid: signer.kid })}.${operator}.x`, 'no proof'],
    ["a caller's access token", `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid: signer.kid })}.x.x`, 'no proof'],
    ['no key', `${encode({ alg: 'EdDSA' })}.${operator}.x`, 'names no key'],
    ['no JSON', 'x.y.z', 'cannot be read'],
    ['a flood of text', 'x'.repeat(2_000), 'too long'],
  ])('is refused with %s', (_with, forged, why) => {
    expect(() => verifier.callerOf(forged)).toThrow(why);
  });
});
