import { Inject, Injectable } from '@nestjs/common';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import { CONFIG } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import { problem } from '../http/problem.js';
import type { Identity } from './identity.js';
import { ACCESS_TOKEN_SECONDS, GUEST_TOKEN_SECONDS } from './key-schedule.js';
import { Revocations } from './revocations.js';
import { SigningKeys } from './signing-keys.js';
import { standingOf, standingText } from '../roles/standing.js';

/** The type of access tokens (RFC 9068), so that no other kind of JWT passes for one. */
const TYPE = 'at+jwt';
const ALGORITHM = 'EdDSA';
/** Seconds that the clones' clocks may disagree. */
const CLOCK_TOLERANCE = 5;
const MOST_REMEMBERED = 5_000;

interface Verified {
  readonly identity: Identity;
  /** Seconds since the epoch. */
  readonly expires: number;
}

/** A 401 whose detail says what is wrong with the token and what to do. */
function refused(detail: string, event = 'token refused') {
  return problem('UNAUTHENTICATED', detail, {
    event,
    headers: { 'www-authenticate': `Bearer error="invalid_token", error_description="${detail.replaceAll('"', "'")}"` },
  });
}

/** The reason why jose refused a token; undefined when the fault is the gateway's. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'The access token has expired: refresh it (POST /v1/sessions/refresh)';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `The access token is not for this shop: its ${error.claim} claim is ${error.reason === 'missing' ? 'missing' : 'wrong'}`;
  if (error instanceof errors.JOSEAlgNotAllowed) return `The access token must be signed with ${ALGORITHM}`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'The signature of the access token is wrong';
  if (error instanceof errors.JOSEError) return 'The access token is not a JWT of this shop';
  return undefined;
}

function identityOf({ sub, kind, sid, auth_time: provedAt }: JWTPayload): Identity | undefined {
  if (typeof sub !== 'string') return undefined;
  if (kind === 'guest') return { kind, customerId: sub };
  const standing = standingOf(kind);
  if (!standing || typeof sid !== 'string') return undefined;
  const { role, roles } = standing;
  const proof = { sessionId: sid, provedAt: typeof provedAt === 'number' ? provedAt : 0 };
  return { kind: role, customerId: sub, ...proof, ...(roles && { roles }) };
}

/** Tokens issues and verifies the access tokens of callers: JWTs signed with Ed25519. */
@Injectable()
export class Tokens {
  /** To verify a signature costs more than all else about a request, and the same token comes again and again. */
  private readonly verified = new LRUCache<string, Verified>({ max: MOST_REMEMBERED });

  constructor(
    private readonly keys: SigningKeys,
    private readonly revocations: Revocations,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'TOKEN_ISSUER' | 'TOKEN_AUDIENCE'>,
  ) {}

  /** @returns the token and when it expires, in ms since the epoch. */
  async issue(identity: Identity): Promise<{ token: string; expiresAt: number }> {
    const { kid, privateKey } = this.signer();
    const now = Math.floor(Date.now() / 1000);
    const expires = now + (identity.kind === 'guest' ? GUEST_TOKEN_SECONDS : ACCESS_TOKEN_SECONDS);
    const claims =
      identity.kind === 'guest'
        ? { kind: identity.kind }
        : {
            kind: standingText({ role: identity.kind, roles: identity.roles }),
            sid: identity.sessionId,
            auth_time: identity.provedAt,
          };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid })
      .setSubject(identity.customerId)
      .setIssuer(this.config.TOKEN_ISSUER)
      .setAudience(this.config.TOKEN_AUDIENCE)
      .setIssuedAt(now)
      .setExpirationTime(expires)
      .sign(privateKey);
    this.verified.set(token, { identity, expires }); // This clone signed it, and need not verify it.
    return { token, expiresAt: expires * 1000 };
  }

  /**
   * The caller of the `Authorization` header; undefined without one.
   * @throws HttpProblem 401 that says what is wrong with it; 503 when that can't be known at the moment
   */
  async identify(authorization: string | undefined): Promise<Identity | undefined> {
    if (authorization === undefined) return undefined;
    const token = /^Bearer +([\w-]+\.[\w-]*\.[\w-]*)$/i.exec(authorization)?.[1];
    if (token === undefined) throw refused('Authorization must be Bearer and an access token');
    const { identity } = this.remembered(token) ?? (await this.verify(token));
    if (identity.kind === 'guest') return identity;
    if (!this.revocations.suffices(identity.kind)) await this.revocations.catchUp(identity.kind);
    if (this.revocations.isRevoked(identity.sessionId)) throw refused('The session was ended: sign in again');
    return identity;
  }

  private remembered(token: string): Verified | undefined {
    const known = this.verified.get(token);
    if (!known) return undefined;
    if (known.expires + CLOCK_TOLERANCE > Date.now() / 1000) return known;
    this.verified.delete(token);
    throw refused(reasonOf(new errors.JWTExpired('', {}))!);
  }

  private async verify(token: string): Promise<Verified> {
    const payload = await this.claims(token);
    const identity = identityOf(payload);
    if (!identity || payload.exp === undefined) throw refused('The access token is not a JWT of this shop');
    const verified = { identity, expires: payload.exp };
    this.verified.set(token, verified);
    return verified;
  }

  private async claims(token: string): Promise<JWTPayload> {
    try {
      // Before any key is looked for: `none` and HMAC have no key here that could be mistaken for theirs.
      if (decodeProtectedHeader(token).alg !== ALGORITHM) throw new errors.JOSEAlgNotAllowed();
      const { payload } = await jwtVerify(token, (header) => this.keyOf(header), {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer: this.config.TOKEN_ISSUER,
        audience: this.config.TOKEN_AUDIENCE,
        clockTolerance: CLOCK_TOLERANCE,
        requiredClaims: ['sub', 'exp', 'iat'],
      });
      return payload;
    } catch (error) {
      if (error instanceof TypeError) throw refused('The access token is not a JWT of this shop');
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      throw refused(reason, error instanceof errors.JWTExpired ? 'token expired' : 'token forged');
    }
  }

  private async keyOf({ kid }: JWTHeaderParameters) {
    const key = kid === undefined ? undefined : await this.keys.publicKey(kid);
    if (key) return key;
    if (!this.keys.known) throw problem('UNAVAILABLE', 'Tokens cannot be checked at the moment; try again');
    throw refused('The access token was signed with a key that this shop does not have', 'token forged');
  }

  private signer() {
    if (!this.keys.known) throw problem('UNAVAILABLE', 'Tokens cannot be issued at the moment; try again');
    return this.keys.signer();
  }
}
