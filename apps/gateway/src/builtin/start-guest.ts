import { Injectable } from '@nestjs/common';
import type { OutputOf } from '@stoa/contract-kit';
import { newId } from '@stoa/messaging';
import { Tokens } from '../identity/tokens.js';
import type { ownContract } from './contract.js';
import type { OwnHandler } from './handler.js';

/** Makes up a guest. Nothing is stored: the token says all. */
@Injectable()
export class StartGuest implements OwnHandler<typeof ownContract.startGuest> {
  constructor(private readonly tokens: Tokens) {}

  readonly handle = async (): Promise<OutputOf<typeof ownContract.startGuest>> => {
    const guestId = newId();
    const { token, expiresAt } = await this.tokens.issue({ kind: 'guest', customerId: guestId });
    return { guestId, token, expiresAt: new Date(expiresAt).toISOString() };
  };
}
