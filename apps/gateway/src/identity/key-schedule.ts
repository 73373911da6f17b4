const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Seconds that an access token is valid. */
export const ACCESS_TOKEN_SECONDS = 600;
/** Seconds that a guest's token is valid. */
export const GUEST_TOKEN_SECONDS = (30 * DAY) / 1000;

/** A new key each day. */
const ROTATE_MS = DAY;
/** A key is published this long before it signs, so that every clone has it before the first token comes. */
const LEAD_MS = HOUR;
/** A key stays published until the longest-lived token that it signed has expired, and a day more. */
const LONGEST_TOKEN_MS = GUEST_TOKEN_SECONDS * 1000 + DAY;

/** When a signing key begins to sign, and until when its public half is published. */
export interface KeyTimes {
  readonly activatesAt: Date;
  readonly publishedUntil: Date;
}

const newestOf = (keys: readonly KeyTimes[]): KeyTimes | undefined =>
  keys.toSorted((a, b) => b.activatesAt.getTime() - a.activatesAt.getTime())[0];

/** The times of the key to be made now; undefined when none is due. The very first one signs at once. */
export function dueKey(keys: readonly KeyTimes[], now: Date): KeyTimes | undefined {
  const newest = newestOf(keys);
  if (!newest) return { activatesAt: now, publishedUntil: lastUse(new Date(now.getTime() + ROTATE_MS + LEAD_MS)) };
  const planned = newest.activatesAt.getTime() + ROTATE_MS;
  if (now.getTime() < planned - LEAD_MS) return undefined;
  const activatesAt = new Date(Math.max(planned, now.getTime() + LEAD_MS));
  return { activatesAt, publishedUntil: lastUse(new Date(activatesAt.getTime() + ROTATE_MS + LEAD_MS)) };
}

/** Until when a key that stops signing at `signsUntil` has to stay published. */
export const lastUse = (signsUntil: Date): Date => new Date(signsUntil.getTime() + LONGEST_TOKEN_MS);

/** A key that is made by hand signs once every clone, which reads the keys each minute, has it. */
const NOTICE_MS = 2 * 60_000;

/** The times of a key that is made by hand. @param isAtOnce whether the one before must not sign any more */
export function timesByHand(now: Date, isAtOnce: boolean): KeyTimes {
  const activatesAt = new Date(now.getTime() + (isAtOnce ? 0 : NOTICE_MS));
  return { activatesAt, publishedUntil: lastUse(new Date(activatesAt.getTime() + ROTATE_MS + LEAD_MS)) };
}

/** The keys that have stopped signing: a newer one is active. */
export function retired<K extends KeyTimes>(keys: readonly K[], now: Date): K[] {
  const signer = signerOf(keys, now);
  return signer ? keys.filter(({ activatesAt }) => activatesAt < signer.activatesAt) : [];
}

/** The key that signs now: the newest of those that are active. */
export function signerOf<K extends KeyTimes>(keys: readonly K[], now: Date): K | undefined {
  return keys
    .filter(({ activatesAt }) => activatesAt <= now)
    .toSorted((a, b) => b.activatesAt.getTime() - a.activatesAt.getTime())[0];
}
