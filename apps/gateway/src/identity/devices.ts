import { Inject, Injectable } from '@nestjs/common';
import { newId } from '@stoa/messaging';
import { CONFIG } from '@stoa/service';
import { jwtVerify, SignJWT, type JWTHeaderParameters } from 'jose';
import type { GatewayConfig } from '../config.js';
import { problem } from '../http/problem.js';
import { GUEST_TOKEN_SECONDS } from './key-schedule.js';
import { SigningKeys } from './signing-keys.js';

const TYPE = 'stoa-device+jwt';
const ALGORITHM = 'EdDSA';

/** A device that signed in to an account before. */
export interface Device {
  readonly id: string;
  readonly customerId: string;
}

/**
 * Devices makes and reads device tokens: kept by a client, they show at its next sign-in that the account's owner was
 * there before, so that wrong passwords of others don't lock it out (OWASP, "Slow Down Online Guessing Attacks with
 * Device Cookies"). A device token opens nothing by itself. It lives as long as the public keys of guests' tokens do.
 */
@Injectable()
export class Devices {
  constructor(
    private readonly keys: SigningKeys,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'TOKEN_ISSUER' | 'TOKEN_AUDIENCE'>,
  ) {}

  /** A token for a device that has just signed in. @param id that of its token before, if it had one */
  async issue(customerId: string, id: string = newId()): Promise<string> {
    if (!this.keys.known) throw problem('UNAVAILABLE', 'Tokens cannot be issued at the moment; try again');
    const { kid, privateKey } = this.keys.signer();
    return new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid })
      .setSubject(customerId)
      .setJti(id)
      .setIssuer(this.config.TOKEN_ISSUER)
      .setAudience(this.config.TOKEN_AUDIENCE)
      .setExpirationTime(Math.floor(Date.now() / 1000) + GUEST_TOKEN_SECONDS)
      .sign(privateKey);
  }

  /** The device of a token; undefined for any that is not valid: its sender is a stranger. */
  async read(token: string | undefined): Promise<Device | undefined> {
    if (token === undefined) return undefined;
    try {
      const { payload } = await jwtVerify(token, (header) => this.keyOf(header), {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer: this.config.TOKEN_ISSUER,
        audience: this.config.TOKEN_AUDIENCE,
        requiredClaims: ['sub', 'jti', 'exp'],
      });
      return { id: payload.jti ?? '', customerId: payload.sub ?? '' };
    } catch {
      return undefined;
    }
  }

  private async keyOf({ kid }: JWTHeaderParameters) {
    const key = kid === undefined ? undefined : await this.keys.publicKey(kid);
    if (!key) throw new Error('unknown key');
    return key;
  }
}
