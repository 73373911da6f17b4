import { Injectable } from '@nestjs/common';
import type { InputOf } from '@stoa/contract-kit';
import { problem } from '../http/problem.js';
import { callerOf } from '../identity/identity.js';
import { Sessions } from '../identity/sessions.js';
import type { builtinContract } from './contract.js';
import type { BuiltinContext, BuiltinHandler } from './handler.js';
import { SignInHooks } from './sign-in-hooks.js';

/** Ends the caller's session. */
@Injectable()
export class SignOut implements BuiltinHandler<typeof builtinContract.signOut> {
  constructor(
    private readonly sessions: Sessions,
    private readonly hooks: SignInHooks,
  ) {}

  readonly handle = async (
    _input: InputOf<typeof builtinContract.signOut>,
    { identity, trace }: BuiltinContext,
  ): Promise<Record<string, never>> => {
    if (!identity || !('sessionId' in identity)) throw problem('UNAUTHENTICATED', 'There is no session to end');
    await this.sessions.revoke(identity.sessionId, 'signed out');
    await this.hooks.run('sign-out', callerOf(identity), { guestId: null }, trace);
    return {};
  };
}
