/**
 * Text in the form that is compared: lower case, without the accents of Latin, Greek and Cyrillic letters. Marks of
 * other scripts stay, because there they make other letters (Japanese か and が).
 */
export const fold = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .toLowerCase();

/**
 * The words of a text, folded. Texts in the index and searches are both cut by this, not by Postgres, which cuts "a-14"
 * in its own way.
 */
export const wordsOf = (text: string): string[] => fold(text).match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];

/** A name for use in URLs: folded, with dashes for all but letters and digits. Empty when there are none. */
export const slug = (text: string): string =>
  fold(text)
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '');

/**
 * The fault that keeps a text out of the database and of JSON, or null: Postgres stores no NUL, UTF-8 no lone
 * surrogates.
 */
export function textFault(text: string): string | null {
  if (text.includes('\0')) return 'holds a NUL character';
  return text.isWellFormed() ? null : 'holds half of a character (a lone surrogate)';
}
