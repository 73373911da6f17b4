import { Injectable } from '@nestjs/common';
import type { InputOf } from '@stoa/contract-kit';
import { problem } from '../http/problem.js';
import { callerOf } from '../identity/identity.js';
import { Sessions } from '../identity/sessions.js';
import type { ownContract } from './contract.js';
import type { OwnContext, OwnHandler } from './handler.js';
import { RunAtMoment } from './sign-in-hooks.js';

/** Ends the caller's session. */
@Injectable()
export class SignOut implements OwnHandler<typeof ownContract.signOut> {
  constructor(
    private readonly sessions: Sessions,
    private readonly moments: RunAtMoment,
  ) {}

  readonly handle = async (
    _input: InputOf<typeof ownContract.signOut>,
    { identity, trace }: OwnContext,
  ): Promise<Record<string, never>> => {
    if (!identity || !('sessionId' in identity)) throw problem('UNAUTHENTICATED', 'There is no session to end');
    await this.sessions.revoke(identity.sessionId, 'signed out');
    await this.moments.run('sign-out', callerOf(identity), { guestId: null }, trace);
    return {};
  };
}
