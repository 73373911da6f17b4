import { Injectable } from '@nestjs/common';
import type { OutputOf } from '@stoa/contract-kit';
import { newId } from '@stoa/messaging';
import { Tokens } from '../identity/tokens.js';
import type { builtinContract } from './contract.js';
import type { BuiltinHandler } from './handler.js';

/** Creates a guest. Nothing is stored: the token holds all there is. */
@Injectable()
export class StartGuest implements BuiltinHandler<typeof builtinContract.startGuest> {
  constructor(private readonly tokens: Tokens) {}

  readonly handle = async (): Promise<OutputOf<typeof builtinContract.startGuest>> => {
    const guestId = newId();
    const { token, expiresAt } = await this.tokens.issue({ kind: 'guest', customerId: guestId });
    return { guestId, token, expiresAt: new Date(expiresAt).toISOString() };
  };
}
