import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { OperationError } from '@stoa/contract-kit';
import { Slots } from './slots.js';

/** argon2id (the library's default) with OWASP's first choice: 19 MiB, two passes, one lane. Measured: 13 ms of a core. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** One core stays free for everybody who is not signing in. */
const AT_ONCE = Math.max(1, availableParallelism() - 1);

/** Some two seconds of work: who would wait longer is told at once to come back. */
const MAX_WAITING = 128;

/** Hashes and checks passwords, off the main thread, so many at once that the rest of the service keeps its processor. */
@Injectable()
export class Passwords {
  private readonly slots = new Slots(
    AT_ONCE,
    MAX_WAITING,
    () => new OperationError('OVERLOADED', 'Too many sign-ins at the moment: try again in a few seconds'),
  );
  /** What the password of an unknown name is compared with; made when first needed, once. */
  private decoy: Promise<string> | undefined;

  /** @throws OperationError OVERLOADED */
  hash(password: string): Promise<string> {
    return this.slots.run(() => hash(password, COST));
  }

  /**
   * Whether the password is the one that was hashed. Without a hash (nobody of that name) it takes the same time and says no.
   * @throws OperationError OVERLOADED
   */
  async matches(password: string, passwordHash: string | undefined): Promise<boolean> {
    const against = passwordHash ?? (await (this.decoy ??= hash(randomBytes(32), COST)));
    const matches = await this.slots.run(() => verify(against, password));
    return matches && passwordHash !== undefined;
  }
}
