import { Injectable } from '@nestjs/common';
import type { InputOf, OutputOf } from '@stoa/contract-kit';
import { Sessions } from '../identity/sessions.js';
import { Tokens } from '../identity/tokens.js';
import type { builtinContract } from './contract.js';
import type { BuiltinHandler } from './handler.js';
import { sessionTokens } from './session-tokens.js';

/** Exchanges a refresh token for the next pair of tokens. */
@Injectable()
export class RefreshSession implements BuiltinHandler<typeof builtinContract.refreshSession> {
  constructor(
    private readonly sessions: Sessions,
    private readonly tokens: Tokens,
  ) {}

  readonly handle = async ({
    refreshToken,
  }: InputOf<typeof builtinContract.refreshSession>): Promise<OutputOf<typeof builtinContract.refreshSession>> =>
    sessionTokens(this.tokens, await this.sessions.refresh(refreshToken));
}
