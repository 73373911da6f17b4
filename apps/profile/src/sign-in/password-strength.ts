import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { NewPasswords } from '../passwords/new-passwords.js';

type PasswordStrengthHandler = Handler<typeof profile.passwordStrength>;

/** Applies the rules that registering applies, so that a form can say before it is sent what will be refused. */
@Injectable()
export class PasswordStrength implements PasswordStrengthHandler {
  constructor(private readonly newPasswords: NewPasswords) {}

  readonly handle: PasswordStrengthHandler['handle'] = async ({ password, email, displayName, username }) => {
    const owner = { email: email ?? '', displayName: displayName ?? '', username };
    const { score, problem } = await this.newPasswords.judge(password, owner);
    return { score, accepted: problem === undefined, problem: problem ?? null };
  };
}
