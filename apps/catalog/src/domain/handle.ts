import { Handle } from '@stoa/contract-kit';
import { quoted } from './money.js';

/**
 * A character with its code point: in print, a mark on a letter that has a form of its own looks like nothing is wrong.
 */
const named = (character: string): string => {
  const code = `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`;
  return /\p{M}/u.test(character) ? `the combining mark ${code}` : `${quoted(character)} (${code})`;
};

/**
 * A handle as files bring it: in lower case, letters and their accents as one character each (NFC). Shopify takes any
 * letter and mark of any script; the contract's handles are letters without marks of their own, so that remaining marks
 * are refused.
 */
export function readHandle(text: string): { readonly handle: string } | { readonly reason: string } {
  const handle = text.trim().normalize('NFC').toLowerCase();
  if (Handle.safeParse(handle).success) return { handle };
  if (handle === '') return { reason: 'is empty' };
  const [wrong] = handle.match(/[^\p{Ll}\p{Lo}\p{N}_-]/u) ?? [];
  const why = wrong === undefined ? '' : `; it holds ${named(wrong)}`;
  return { reason: `must be lower case letters, digits and dashes, not ${quoted(text)}${why}` };
}
