import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, importJWK, type JWK } from 'jose';

/** A service's public key, as its contract's record carries it (RFC 8037): secrets are sealed to it. */
export type SealingKey = JWK & { readonly kid: string };

/** A secret of an input on its way: JWE (RFC 7516) in compact form. No field that is secret is an object otherwise. */
interface Sealed {
  readonly jwe: string;
}

const isSealed = (value: unknown): value is Sealed =>
  typeof value === 'object' && value !== null && 'jwe' in value && typeof value.jwe === 'string';

const ALGORITHM = 'ECDH-ES';
const ENCRYPTION = 'A256GCM';

/**
 * Seals fields of an input to a service. The seal names the operation, so that a secret can't be moved to another one,
 * which may show it. @param names of the fields; those that are missing stay so
 */
export async function sealFields(
  input: Readonly<Record<string, unknown>>,
  names: readonly string[],
  { operation, key }: { readonly operation: string; readonly key: SealingKey },
): Promise<Record<string, unknown>> {
  const publicKey = await importJWK(key, ALGORITHM);
  const header = { alg: ALGORITHM, enc: ENCRYPTION, kid: key.kid, op: operation };
  const sealed = names
    .filter((name) => input[name] !== undefined && input[name] !== null)
    .map(async (name) => {
      const text = new TextEncoder().encode(JSON.stringify(input[name]));
      return [name, { jwe: await new CompactEncrypt(text).setProtectedHeader(header).encrypt(publicKey) }] as const;
    });
  return { ...input, ...Object.fromEntries(await Promise.all(sealed)) };
}

/** The beginning of an X25519 private key as PKCS #8 (RFC 8410); the key's 32 bytes follow. */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');

interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: SealingKey;
}

/** The key pair that follows from a secret: clones that have the same secret have the same keys. */
function pairOf(secret: string): Pair {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'stoa sealing', 32));
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const { kty, crv, x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const kid = createHash('sha256').update(x).digest('base64url').slice(0, 16);
  return { privateKey, publicKey: { kty: kty!, crv: crv!, x, kid } };
}

/** A sealed field that this service can't open. */
export class Unopened extends Error {}

/** SealingKeys opens what was sealed to a service. */
export class SealingKeys {
  private readonly pairs: readonly Pair[];

  /** @param secrets the first makes the key that is published; what was sealed by the others can still be opened */
  constructor(secrets: readonly string[]) {
    this.pairs = secrets.map(pairOf);
  }

  get publicKey(): SealingKey {
    return this.pairs[0]!.publicKey;
  }

  /**
   * The body with its sealed fields opened; the same text where there are none.
   * @throws Unopened
   */
  async openFields(bodyText: string, names: readonly string[], operation: string): Promise<string> {
    const body = JSON.parse(bodyText) as Record<string, unknown>;
    const sealed = names.filter((name) => isSealed(body[name]));
    if (sealed.length === 0) return bodyText;
    const opened = sealed.map(async (name) => [name, await this.open((body[name] as Sealed).jwe, operation)] as const);
    // In their places: the inbox compares texts.
    return JSON.stringify({ ...body, ...Object.fromEntries(await Promise.all(opened)) });
  }

  private async open(jwe: string, operation: string): Promise<unknown> {
    let sealedFor: unknown;
    try {
      const { plaintext, protectedHeader } = await compactDecrypt(jwe, ({ kid }) => this.privateKey(kid), {
        keyManagementAlgorithms: [ALGORITHM],
        contentEncryptionAlgorithms: [ENCRYPTION],
      });
      sealedFor = protectedHeader['op'];
      if (sealedFor === operation) return JSON.parse(new TextDecoder().decode(plaintext));
    } catch (cause) {
      throw new Unopened('a sealed field cannot be opened', { cause });
    }
    throw new Unopened(`a sealed field is for ${String(sealedFor)}, not for ${operation}`);
  }

  /** Undefined where this service has no such key. */
  privateKeyOf(kid: string | undefined): KeyObject | undefined {
    return this.pairs.find(({ publicKey }) => publicKey.kid === kid)?.privateKey;
  }

  private privateKey(kid: string | undefined): KeyObject {
    const key = this.privateKeyOf(kid);
    if (!key) throw new Unopened(`no key ${kid}`);
    return key;
  }
}
