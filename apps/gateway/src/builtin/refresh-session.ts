import { Injectable } from '@nestjs/common';
import type { InputOf, OutputOf } from '@stoa/contract-kit';
import { Sessions } from '../identity/sessions.js';
import { Tokens } from '../identity/tokens.js';
import type { ownContract } from './contract.js';
import type { OwnHandler } from './handler.js';
import { sessionAnswer } from './session-tokens.js';

/** Exchanges a refresh token for the next pair of tokens. */
@Injectable()
export class RefreshSession implements OwnHandler<typeof ownContract.refreshSession> {
  constructor(
    private readonly sessions: Sessions,
    private readonly tokens: Tokens,
  ) {}

  readonly handle = async ({
    refreshToken,
  }: InputOf<typeof ownContract.refreshSession>): Promise<OutputOf<typeof ownContract.refreshSession>> =>
    sessionAnswer(this.tokens, await this.sessions.refresh(refreshToken));
}
