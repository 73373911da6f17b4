import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { OperationError } from '@stoa/contract-kit';
import { normalise } from '../domain/new-password.js';
import { Slots, type Place, type Rank } from './slots.js';

/**
 * argon2id (the library's default) with OWASP's first choice: 19 MiB, two passes, one thread. Measured: 13 ms of a
 * core.
 */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** One core stays free for everybody who is not signing in. */
const AT_ONCE = Math.max(1, availableParallelism() - 1);

/** Some two seconds of work: who would wait longer gets an error at once. */
const MAX_WAITING = 128;

/**
 * Hashes and checks passwords, off the main thread, so many at once that the rest of the service keeps its processor.
 */
@Injectable()
export class Passwords {
  private readonly slots = new Slots(
    AT_ONCE,
    MAX_WAITING,
    () => new OperationError('OVERLOADED', 'Too many sign-ins at the moment: try again in a few seconds'),
  );
  /** A hash that the password of an unknown name is compared with; made when first needed, once. */
  private decoy: Promise<string> | undefined;

  /**
   * A place for one hash or comparison: work that must not be done in vain is done behind it. Strangers take none of
   * those who are known.
   * @throws OperationError OVERLOADED
   */
  place(rank: Rank = 'stranger'): Place {
    return this.slots.take(rank);
  }

  /** @throws OperationError OVERLOADED, where no place was taken before */
  async hash(password: string, place = this.place()): Promise<string> {
    return place.run(() => hash(normalise(password), COST));
  }

  /**
   * Whether the password is the one that was hashed: normalised, or as it came, as it was hashed before passwords were
   * normalised. Without a hash (nobody of that name) it takes the same time and is false.
   * @throws OperationError OVERLOADED, where no place was taken before
   */
  async matches(password: string, passwordHash: string | undefined, place = this.place()): Promise<boolean> {
    const matches = await place.run(async () => {
      const against = passwordHash ?? (await (this.decoy ??= hash(randomBytes(32), COST)));
      const text = normalise(password);
      return (await verify(against, text)) || (text !== password && verify(against, password));
    });
    return matches && passwordHash !== undefined;
  }
}
