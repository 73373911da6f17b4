/** The one form in which an e-mail address is stored and compared. */
export const foldEmail = (email: string): string => email.normalize('NFC').toLowerCase();
