import { Injectable } from '@nestjs/common';
import type { Flow } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { hashOfToken } from '../domain/link.js';
import { LinkTokens } from '../mail/link-tokens.js';
import { LINK_ENDED } from './link-ended.js';

type VerifyEmailFlow = Flow<typeof profile.verifyEmail>;

/** A flow, because the customer's bucket is found from the link. */
@Injectable()
export class VerifyEmail implements VerifyEmailFlow {
  constructor(private readonly tokens: LinkTokens) {}

  readonly run: VerifyEmailFlow['run'] = async ({ token }, flow) => {
    const link = await this.tokens.read(token, 'verify-email');
    if (!link) return flow.fail('LINK_ENDED', LINK_ENDED);
    return flow.step('confirm', profile.confirmEmail, { ...link, tokenHash: hashOfToken(token) });
  };
}
