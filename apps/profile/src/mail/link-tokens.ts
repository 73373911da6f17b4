import { Inject, Injectable } from '@nestjs/common';
import { errors, jwtVerify, SignJWT } from 'jose';
import { CONFIG } from '@stoa/service';
import type { ProfileConfig } from '../config.js';
import type { Link, LinkPurpose } from '../domain/link.js';

const ALGORITHM = 'HS256';
/** So that no other JWT passes for a link, nor one purpose for the other (RFC 8725). */
const typeOf = (purpose: LinkPurpose): string => `${purpose}+jwt`;

/**
 * LinkTokens makes and reads what a link carries: a JWT (RFC 7519) that names the customer, so that their bucket is
 * found from it, and that nobody without the secret can make. The same link always gives the same token: it is made
 * again when its mail is sent, and stored nowhere.
 */
@Injectable()
export class LinkTokens {
  private readonly key: Uint8Array | undefined;

  constructor(@Inject(CONFIG) { MAIL_LINK_SECRET: secret }: Pick<ProfileConfig, 'MAIL_LINK_SECRET'>) {
    this.key = secret === undefined ? undefined : new TextEncoder().encode(secret);
  }

  async sign({ customerId, linkId, purpose, expiresAt }: Link): Promise<string> {
    if (!this.key) throw new Error('links cannot be signed: set MAIL_LINK_SECRET');
    return new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM, typ: typeOf(purpose) })
      .setSubject(customerId)
      .setJti(linkId)
      .setExpirationTime(expiresAt)
      .sign(this.key);
  }

  /** The link of a token; undefined when it is none of ours for this purpose, or has expired. */
  async read(token: string, purpose: LinkPurpose): Promise<Pick<Link, 'customerId' | 'linkId'> | undefined> {
    if (!this.key) return undefined;
    try {
      const { payload } = await jwtVerify(token, this.key, {
        algorithms: [ALGORITHM],
        typ: typeOf(purpose),
        requiredClaims: ['sub', 'jti', 'exp'],
      });
      const { sub, jti } = payload;
      return sub === undefined || jti === undefined ? undefined : { customerId: sub, linkId: jti };
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
      throw error;
    }
  }
}
