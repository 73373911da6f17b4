import { Injectable } from '@nestjs/common';
import { OperationError } from '@stoa/contract-kit';
import { isMadeOf, lengthProblem, normalise, ownWords, type Owner } from '../domain/new-password.js';
import { isCommon } from './common-passwords.js';
import { scoreOf, type Score } from './strength.js';

/** Guessed within a million tries: words that everybody uses, rows of keys, repeats. */
const GUESSED: Score = 1;

/** The outcome of the rules for a password. */
export interface Verdict {
  readonly score: Score;
  /** Says what is wrong with it and what to do; undefined: it may be used. */
  readonly problem: string | undefined;
}

/**
 * NewPasswords applies the rules for new passwords (NIST SP 800-63B, OWASP ASVS 5 chapter 6.2): a length, not among
 * those that are tried first, not the account's own words, and none about kinds of characters. Passwords that are in
 * use already never come here.
 */
@Injectable()
export class NewPasswords {
  /** Judges a password, whoever asks. */
  async judge(password: string, owner: Owner): Promise<Verdict> {
    const text = normalise(password);
    const words = ownWords(owner);
    const score = await scoreOf(text, words);
    return { score, problem: lengthProblem(text) ?? (await this.guessable(text, words, score)) };
  }

  /**
   * Lets a password pass that may be used.
   * @param field the input's field that holds it, which the problem names
   * @throws OperationError INVALID_INPUT
   */
  async require(password: string, owner: Owner, field: string): Promise<void> {
    const { problem } = await this.judge(password, owner);
    if (problem === undefined) return;
    throw new OperationError('INVALID_INPUT', `${field}: ${problem}`, [{ pointer: `/${field}`, detail: problem }]);
  }

  private async guessable(text: string, words: readonly string[], score: Score): Promise<string | undefined> {
    if (isMadeOf(text, words)) return 'must not be made of your own name or address: add words that nobody knows';
    if (score > GUESSED && !(await isCommon(text))) return undefined;
    return 'is one of those that are guessed first: use several words that have nothing to do with each other';
  }
}
