import { Injectable } from '@nestjs/common';
import { hashOfCode, stepOf } from './totp.js';
import { SecondFactors, type SecondFactor } from '../storage/second-factors.js';
import { SecretSeal } from './secret-seal.js';

/**
 * Six digits are guessed sooner than passwords, by who has the password: so few tries, then a pause, which doubles
 * until a code is right. All tries of a year are some 11,000 then, of a million codes.
 */
const FAILURES_BEFORE_LOCK = 5;
const LOCK_MS = 5 * 60_000;
const LONGEST_LOCK_MS = 4 * 3_600_000;

const lockMs = (failures: number): number =>
  Math.min(LONGEST_LOCK_MS, LOCK_MS * 2 ** Math.min(20, failures / FAILURES_BEFORE_LOCK - 1));

/** The outcome of a code: taken once and for all, or why not. */
export type CodeCheck = 'right' | 'wrong' | { readonly lockedForSeconds: number };

type FailCode<Code = never> = (
  code: 'SECOND_FACTOR_WRONG' | 'LOCKED_OUT' | Code,
  detail: string,
  details?: { readonly retryAfterSeconds: number },
) => never;

/** Checks codes of a second factor, behind the lock of its row: of those who send one at once, one gets through. */
@Injectable()
export class CheckCode {
  constructor(
    private readonly factors: SecondFactors,
    private readonly seal: SecretSeal,
  ) {}

  /** @param confirm what else changes with a right code @returns undefined when there is no second factor */
  run(customerId: string, code: string, confirm: Partial<SecondFactor> = {}): Promise<CodeCheck | undefined> {
    return this.factors.change<CodeCheck>(customerId, async (factor) => {
      const lockedMs = (factor.lockedUntil?.getTime() ?? 0) - factor.now.getTime();
      if (lockedMs > 0) return { next: factor, result: { lockedForSeconds: Math.ceil(lockedMs / 1000) } };
      const taken = await this.take(factor, code);
      if (taken) return { next: { ...taken, ...confirm, failures: 0, lockedUntil: null }, result: 'right' };
      const failures = factor.failures + 1;
      const isLocked = failures % FAILURES_BEFORE_LOCK === 0;
      const lockedUntil = isLocked ? new Date(factor.now.getTime() + lockMs(failures)) : null;
      return { next: { ...factor, failures, lockedUntil }, result: 'wrong' };
    });
  }

  /** Lets a right code pass. */
  async require(customerId: string, code: string, fail: FailCode, confirm?: Partial<SecondFactor>): Promise<void> {
    const check = await this.run(customerId, code, confirm);
    if (check === undefined || check === 'right') return;
    if (check === 'wrong') return fail('SECOND_FACTOR_WRONG', 'The code is wrong, or was used: take the next one');
    const { lockedForSeconds: seconds } = check;
    return fail('LOCKED_OUT', `Too many wrong codes: try again in ${seconds} seconds`, { retryAfterSeconds: seconds });
  }

  /** Lets a right code pass, of somebody who has a second factor and may not know that it is asked for. */
  async demand(customerId: string, code: string | undefined, fail: FailCode<'SECOND_FACTOR_REQUIRED'>): Promise<void> {
    if (code === undefined)
      return fail('SECOND_FACTOR_REQUIRED', 'Send a code of your authenticator app too, as `code`');
    return this.require(customerId, code, fail);
  }

  private async take(factor: SecondFactor, code: string): Promise<SecondFactor | undefined> {
    const step = stepOf(await this.seal.open(factor.sealedSecret), code, factor.now);
    if (step !== undefined) return step > factor.lastStep ? { ...factor, lastStep: step } : undefined;
    const hash = hashOfCode(code);
    if (!factor.recoveryCodes.includes(hash)) return undefined;
    return { ...factor, recoveryCodes: factor.recoveryCodes.filter((each) => each !== hash) };
  }
}
