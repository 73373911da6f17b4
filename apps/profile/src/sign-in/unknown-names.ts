import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { NO_ATTEMPTS, takeAttempt, type AccountAttempts, type Source } from '../domain/lock-out.js';

/** Some 5 MB. Of more names, those that were tried longest ago are forgotten. */
const MOST_NAMES = 10_000;

const NONE: AccountAttempts = { bySource: {}, strangers: NO_ATTEMPTS };

/**
 * UnknownNames counts attempts on names that nobody has as those on accounts are counted, so that a lock-out shows no
 * stranger who has one. In memory: sign-ins of one name come to one clone, and strangers must not fill the database.
 */
@Injectable()
export class UnknownNames {
  private readonly attempts = new LRUCache<string, AccountAttempts>({ max: MOST_NAMES });

  /** Counts an attempt. @returns how many seconds its source stays locked out, 0 if it is not */
  lockedForSeconds(name: string, source: Source, now = new Date()): number {
    const taken = takeAttempt(this.attempts.get(name) ?? NONE, source, now);
    if ('lockedForMs' in taken) return Math.ceil(taken.lockedForMs / 1000);
    this.attempts.set(name, taken.next);
    return 0;
  }
}
