import { newId } from '../protocol/ids.js';
import { SealingKeys } from '../sealing/sealed-fields.js';
import { CallerSigner } from './caller-signer.js';
import { CallerVerifier } from './caller-verifier.js';

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const guest = { kind: 'guest', customerId: newId() } as const;
const text = JSON.stringify(guest);
const MINUTES = 60_000;

describe('the signed proof of who calls', () => {
  const signer = new CallerSigner();
  const verifier = new CallerVerifier();
  verifier.learn(signer.kid, signer.publicKeys);
  const proof = signer.proofOf(guest);
  const [header = '', , signature = ''] = proof.split('.');

  it('says who it is, and is made once for many requests', () => {
    expect(verifier.callerOf({ token: proof, callerText: '' })).toEqual(guest);
    expect(signer.proofOf({ ...guest })).toBe(proof);
    expect(signer.proofOf({ ...guest, kind: 'customer' })).not.toBe(proof);
  });

  it('is made anew long before it ends, and refused when it has ended', () => {
    const later = Date.now() + 10 * MINUTES;
    const renewed = signer.proofOf(guest, undefined, later);
    expect(renewed).not.toBe(proof);
    expect(verifier.callerOf({ token: proof, callerText: text }, later)).toEqual(guest);
    expect(() => verifier.callerOf({ token: proof, callerText: text }, later + 10 * MINUTES)).toThrow('expired');
    expect(verifier.callerOf({ token: renewed, callerText: text }, later + 10 * MINUTES)).toEqual(guest);
  });

  it('is unknown while the key is', () => {
    expect(new CallerVerifier().callerOf({ token: proof, callerText: text })).toBeUndefined();
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
    expect(() => verifier.callerOf({ token: forged, callerText: text })).toThrow(why);
  });
});

describe('the MAC of who calls', () => {
  const signer = new CallerSigner();
  const cart = new SealingKeys(['a secret of cart']);
  const catalog = new SealingKeys(['a secret of catalog', 'one before']);
  const verifierOf = (own: SealingKeys): CallerVerifier => {
    const verifier = new CallerVerifier(own);
    verifier.learn(signer.kid, signer.publicKeys);
    return verifier;
  };
  const verifier = verifierOf(cart);
  const proof = signer.proofOf(guest, cart.publicKey);
  const operator = JSON.stringify({ kind: 'operator', customerId: newId() });

  it('is short, names no caller, and is good for the one that it is about', () => {
    expect(proof.length).toBeLessThan(80);
    expect(verifier.callerOf({ token: proof, callerText: text })).toEqual(guest);
    expect(verifier.callerOf({ token: proof, callerText: text })).toEqual(guest);
    expect(() => verifier.callerOf({ token: proof, callerText: operator })).toThrow('MAC is wrong');
    expect(() => verifierOf(cart).callerOf({ token: proof, callerText: operator })).toThrow('MAC is wrong');
  });

  it('is made once for many requests, and ends', () => {
    const later = Date.now() + 10 * MINUTES;
    expect(signer.proofOf({ ...guest }, cart.publicKey)).toBe(proof);
    expect(signer.proofOf(guest, cart.publicKey, later)).not.toBe(proof);
    expect(verifier.callerOf({ token: proof, callerText: text }, later)).toEqual(guest);
    expect(() => verifier.callerOf({ token: proof, callerText: text }, later + 10 * MINUTES)).toThrow('expired');
  });

  it('is for one service: no other can use it, or make one for another', () => {
    expect(() => verifierOf(catalog).callerOf({ token: proof, callerText: text })).toThrow('another key');
    const [mark, gateway, , expires, mac] = proof.split('.');
    const moved = [mark, gateway, catalog.publicKey.kid, expires, mac].join('.');
    expect(() => verifierOf(catalog).callerOf({ token: moved, callerText: text })).toThrow('MAC is wrong');
  });

  it('may be for a secret that the service had before', () => {
    const before = new SealingKeys(['one before']).publicKey;
    expect(verifierOf(catalog).callerOf({ token: signer.proofOf(guest, before), callerText: text })).toEqual(guest);
  });

  it('needs keys of both ends', () => {
    expect(new CallerVerifier(cart).callerOf({ token: proof, callerText: text })).toBeUndefined();
    const signedOnly = new CallerVerifier();
    signedOnly.learn(signer.kid, signer.publicKeys);
    expect(() => signedOnly.callerOf({ token: proof, callerText: text })).toThrow('another key');
  });

  it.each([
    ['another end', (given: string) => given.replace(/\.([^.]+)\.([^.]+)$/, '.zzzzzz.$2'), 'MAC is wrong'],
    ['no MAC', (given: string) => given.replace(/[^.]+$/, ''), 'no proof'],
    ['a shorter MAC', (given: string) => given.slice(0, -4), 'MAC is wrong'],
    ['one part more', (given: string) => `${given}.x`, 'no proof'],
  ])('is refused with %s', (_with, change, why) => {
    expect(() => verifierOf(cart).callerOf({ token: change(proof), callerText: text })).toThrow(why);
  });
});
