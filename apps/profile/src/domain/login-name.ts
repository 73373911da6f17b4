export type NameKind = 'email' | 'username';

/** A name to sign in with, folded. */
export interface LoginName {
  readonly kind: NameKind;
  readonly name: string;
}

/** The one form in which a name is stored and compared. */
const fold = (name: string): string => name.normalize('NFC').toLowerCase();

/** An e-mail address as a login name. */
export const emailName = (email: string): LoginName => ({ kind: 'email', name: fold(email) });
/** A username as a login name. */
export const username = (name: string): LoginName => ({ kind: 'username', name: fold(name) });

/** The name that was typed into the one field of a sign-in: each e-mail address has an @, and no username does. */
export const nameTyped = (text: string): LoginName => (text.includes('@') ? emailName(text) : username(text));

/** The names that a customer has, as their row says: it alone says who owns a name. */
export interface HeldNames {
  readonly email: string;
  readonly username: string | null;
}

/** Whether the name is one of those held. */
export const holds = (held: HeldNames | undefined, { kind, name }: LoginName): boolean =>
  held !== undefined && held[kind] === name;

/** The names held, the e-mail address first. */
export const namesOf = ({ email, username: own }: HeldNames): LoginName[] => [
  { kind: 'email', name: email },
  ...(own === null ? [] : [{ kind: 'username' as const, name: own }]),
];
