import { Injectable } from '@nestjs/common';
import { keyOf, type Flow } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { pause } from '@stoa/timing';
import { emailName, username as usernameOf } from '../domain/login-name.js';
import { QueueMail } from '../mail/queue-mail.js';
import { DECIDE, NameSaga } from '../names/name-saga.js';
import { NewPasswords } from '../passwords/new-passwords.js';
import { Passwords } from '../passwords/passwords.js';

const MOMENT_MS = 100;

type RegisterFlow = Flow<typeof profile.register>;

/**
 * A flow, because names and customer are in different buckets, and because hashing takes too long to hold a transaction
 * open: the step has one, and knows the hash only. A retry derives the same customer id, so it lands in the same
 * bucket. Whether the address has an account is mailed to its owner, and nobody else learns of it: the reply is the
 * same.
 */
@Injectable()
export class Register implements RegisterFlow {
  constructor(
    private readonly passwords: Passwords,
    private readonly newPasswords: NewPasswords,
    private readonly saga: NameSaga,
    private readonly mail: QueueMail,
  ) {}

  readonly run: RegisterFlow['run'] = async ({ password, ...known }, flow) => {
    const begun = performance.now();
    const { email, username } = known;
    await this.newPasswords.require(password, known, 'password');
    const passwordHash = await this.passwords.hash(password);
    const command = profile.createCustomer;
    const input = { ...known, passwordHash };
    const customerId = keyOf(command, flow.stepId(DECIDE), input, flow.caller);
    const names = [emailName(email), ...(username === undefined ? [] : [usernameOf(username)])];
    const unsaid = { kind: 'email', input: { ...input, isTaken: true } } as const;
    const done = await this.saga.run(flow, { customerId, command, input, names, ...(this.mail.isOn && { unsaid }) });
    await this.untilNextMoment(begun);
    return done;
  };

  /** The two outcomes differ by some statements, which the reply's time would show. */
  private async untilNextMoment(begun: number): Promise<void> {
    if (this.mail.isOn) await pause(MOMENT_MS - ((performance.now() - begun) % MOMENT_MS));
  }
}
