import { Injectable } from '@nestjs/common';
import type { LoginName } from '../domain/login-name.js';
import { Passwords } from '../passwords/passwords.js';
import { Credentials, type Attempt } from '../storage/credentials.js';

/** `proved` gives the hash that the password was compared with. */
export type Proof =
  | { readonly kind: 'proved'; readonly passwordHash: string }
  | { readonly kind: 'wrong' }
  /** Attempts are refused for so many seconds more, right passwords too. */
  | { readonly kind: 'locked'; readonly forSeconds: number };

/** How an operation refuses that asks for the password. */
export type Refuse = (
  code: 'LOCKED_OUT' | 'WRONG_CREDENTIALS',
  detail: string,
  details?: { readonly retryAfterSeconds: number },
) => never;

/** Checks who somebody is: an attempt is counted in one short transaction, then the password is compared outside of any. */
@Injectable()
export class ProvePassword {
  constructor(
    private readonly passwords: Passwords,
    private readonly credentials: Credentials,
  ) {}

  /**
   * Undefined `customerId`: nobody of that name, which takes the same time as a wrong password.
   * @param name what the customer was looked up by: whoever does not have it is nobody, too
   */
  async prove(customerId: string | undefined, password: string, name?: LoginName): Promise<Proof> {
    const attempt: Attempt =
      customerId === undefined ? { kind: 'unknown' } : await this.credentials.attempt(customerId, name);
    if (attempt.kind === 'locked') return { kind: 'locked', forSeconds: Math.ceil(attempt.forMs / 1000) };
    const passwordHash = attempt.kind === 'allowed' ? attempt.passwordHash : undefined;
    const matches = await this.passwords.matches(password, passwordHash);
    return matches && passwordHash !== undefined ? { kind: 'proved', passwordHash } : { kind: 'wrong' };
  }

  /** Lets a customer pass whose current password this is. @returns the hash that it was compared with */
  async require(customerId: string, currentPassword: string, fail: Refuse): Promise<string> {
    const proof = await this.prove(customerId, currentPassword);
    if (proof.kind === 'proved') return proof.passwordHash;
    if (proof.kind === 'wrong') return fail('WRONG_CREDENTIALS', 'The current password is wrong');
    const { forSeconds } = proof;
    return fail('LOCKED_OUT', `Too many wrong passwords: try again in ${forSeconds} seconds`, {
      retryAfterSeconds: forSeconds,
    });
  }
}
