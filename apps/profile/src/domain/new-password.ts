import { MAX_NEW_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '@stoa/profile-contract';

/** The one form in which a password is hashed (NIST SP 800-63B, 3.1.1.2): the same keys give the same characters. */
export const normalise = (password: string): string => password.normalize('NFKC');

/** The owner of a password, by whose words it must not be guessed. */
export interface Owner {
  /** Absent: signs in by the address alone. */
  readonly username?: string | null | undefined;
  readonly email: string;
  readonly displayName: string;
}

/** Shorter ones are in too many good passwords. */
const SHORTEST_WORD = 4;

const fold = (text: string): string => normalise(text).toLowerCase();
const lettersOf = (text: string): string => fold(text).replaceAll(/[^\p{L}\p{N}]/gu, '');
const lengthOf = (text: string): number => [...text].length;

/**
 * The words of an account that others know: its names and the parts of them, the longest first. Without the last part
 * of the address's domain.
 */
export function ownWords({ email, username, displayName }: Owner): string[] {
  const [local = '', domain = ''] = fold(email).split('@');
  const names = [local, domain.split('.').slice(0, -1).join('.'), username ?? '', displayName];
  const words = names.flatMap((name) => [lettersOf(name), ...fold(name).split(/[^\p{L}\p{N}]+/u)]);
  return [...new Set(words)]
    .filter((word) => lengthOf(word) >= SHORTEST_WORD)
    .toSorted((a, b) => lengthOf(b) - lengthOf(a));
}

/** Whether too little of the password is left without the account's own words. */
export function isMadeOf(password: string, words: readonly string[]): boolean {
  const letters = lettersOf(password);
  const rest = words.reduce((text, word) => text.replaceAll(word, ''), letters);
  return rest.length < letters.length && lengthOf(rest) < MIN_PASSWORD_LENGTH;
}

/** The length of a normalised password as the rule counts it: in characters, however many bytes each has. */
export function lengthProblem(password: string): string | undefined {
  const length = lengthOf(password);
  if (length < MIN_PASSWORD_LENGTH) return `must have at least ${MIN_PASSWORD_LENGTH} characters`;
  if (length > MAX_NEW_PASSWORD_LENGTH) return `must have at most ${MAX_NEW_PASSWORD_LENGTH} characters`;
  return undefined;
}
