import { Injectable } from '@nestjs/common';
import { SIGNED_IN, type Source } from '../domain/lock-out.js';
import type { LoginName } from '../domain/login-name.js';
import { Passwords } from './passwords.js';
import { Credentials, type Attempt, type Who } from '../storage/credentials.js';

export interface Proved {
  readonly kind: 'proved';
  readonly passwordHash: string;
  readonly who: Who;
}

/** `proved` gives the hash that the password was compared with, and whose it is. */
export type Proof =
  | Proved
  /** `lockedOut`: whose account it is, where a lock-out of its source begins with it. */
  | { readonly kind: 'wrong'; readonly lockedOut?: string }
  /** Attempts are refused for so many seconds more, right passwords too. */
  | { readonly kind: 'locked'; readonly forSeconds: number };

/** How an operation refuses that asks for the password. */
export type Refuse = (
  code: 'LOCKED_OUT' | 'WRONG_CREDENTIALS',
  detail: string,
  details?: { readonly retryAfterSeconds: number },
) => never;

const wrong = (attempt: Attempt, customerId: string | undefined): Proof =>
  attempt.kind === 'allowed' && attempt.locks && customerId !== undefined
    ? { kind: 'wrong', lockedOut: customerId }
    : { kind: 'wrong' };

/**
 * Checks who somebody is: an attempt is counted in one short transaction, then the password is compared outside of any,
 * and a right one is forgiven. The place for the comparison is taken first: in overload nothing is counted that is not
 * compared.
 */
@Injectable()
export class ProvePassword {
  constructor(
    private readonly passwords: Passwords,
    private readonly credentials: Credentials,
  ) {}

  /**
   * Undefined `customerId`: nobody of that name, which takes the same time as a wrong password. A password that was
   * changed meanwhile is wrong.
   * @throws OperationError OVERLOADED: nothing was counted
   * @param source where it comes from: its failures are counted by themselves
   * @param name what the customer was looked up by: whoever does not have it is nobody, too
   */
  async prove(
    customerId: string | undefined,
    password: string,
    source: Source = SIGNED_IN,
    name?: LoginName,
  ): Promise<Proof> {
    const place = this.passwords.place(source.isKnown ? 'known' : 'stranger');
    try {
      const attempt: Attempt =
        customerId === undefined ? { kind: 'unknown' } : await this.credentials.attempt(customerId, source, name);
      if (attempt.kind === 'locked') return { kind: 'locked', forSeconds: Math.ceil(attempt.forMs / 1000) };
      const passwordHash = attempt.kind === 'allowed' ? attempt.passwordHash : undefined;
      const matches = await this.passwords.matches(password, passwordHash, place);
      if (!matches || passwordHash === undefined || customerId === undefined) return wrong(attempt, customerId);
      const who = await this.credentials.forgive(customerId, source, passwordHash);
      return who ? { kind: 'proved', passwordHash, who } : { kind: 'wrong' };
    } finally {
      place.free();
    }
  }

  /** Lets a customer pass whose current password this is. @returns the hash that it was compared with */
  async require(customerId: string, currentPassword: string, fail: Refuse): Promise<string> {
    return (await this.requireProof(customerId, currentPassword, fail)).passwordHash;
  }

  /** As `require`, with who it is. */
  async requireProof(customerId: string, currentPassword: string, fail: Refuse): Promise<Proved> {
    const proof = await this.prove(customerId, currentPassword);
    if (proof.kind === 'proved') return proof;
    if (proof.kind === 'wrong') return fail('WRONG_CREDENTIALS', 'The current password is wrong');
    const { forSeconds } = proof;
    return fail('LOCKED_OUT', `Too many wrong passwords: try again in ${forSeconds} seconds`, {
      retryAfterSeconds: forSeconds,
    });
  }
}
