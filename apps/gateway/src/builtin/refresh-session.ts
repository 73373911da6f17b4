import { Injectable } from '@nestjs/common';
import type { InputOf, OutputOf } from '@stoa/contract-kit';
import { Devices } from '../identity/devices.js';
import { Sessions, type SessionState } from '../identity/sessions.js';
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
    private readonly devices: Devices,
  ) {}

  readonly handle = async ({
    refreshToken,
  }: InputOf<typeof builtinContract.refreshSession>): Promise<OutputOf<typeof builtinContract.refreshSession>> =>
    this.renew(await this.sessions.refresh(refreshToken));

  /** The device token too: it lives no longer than the keys that signed it are published. */
  private async renew(session: SessionState) {
    const { customerId, deviceId } = session;
    const device = deviceId === null ? undefined : await this.devices.issue(customerId, deviceId);
    return sessionTokens(this.tokens, session, device);
  }
}
