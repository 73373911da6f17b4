import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Transaction } from '../storage/gateway-database.js';
import { lastUse, retired, signerOf, type KeyTimes } from './key-schedule.js';
import { isPlain, PLAIN, seal } from './seal.js';

/** Any number: no two clones make a key at the same time. */
const ROTATION_LOCK = 7_311_001;

/** A stored key. */
export interface KeyRow extends KeyTimes {
  readonly kid: string;
  readonly publicJwk: unknown;
  /** Sealed; once the key has stopped signing, its public half: clones of the version before import it all the same. */
  readonly privateKey: string;
}

const publicHalf = ({ publicJwk }: Pick<KeyRow, 'publicJwk'>): string => `${PLAIN}${JSON.stringify(publicJwk)}`;

/** Whether the private half of a key was deleted. */
export const isSpent = ({ privateKey }: KeyRow): boolean =>
  isPlain(privateKey) && !('d' in (JSON.parse(privateKey.slice(PLAIN.length)) as JWK));

/** Whether there is something to do at all, as all clones ask each minute. */
export const needsTidying = (keys: readonly KeyRow[], now: Date): boolean =>
  retired(keys, now).some((key) => !isSpent(key)) || keys.some((key) => isPlain(key.privateKey) && !isSpent(key));

/** Locks the keys until the transaction ends. @returns the database's time, by which keys are made and end */
export async function lockKeys(tx: Transaction): Promise<Date> {
  const [row] = await tx.$queryRaw<{ now: Date }[]>`
    SELECT now() AS now FROM (SELECT pg_advisory_xact_lock(${ROTATION_LOCK}::bigint)) AS locked`;
  return row?.now ?? new Date();
}

/**
 * Deletes the private halves of keys that have stopped signing, and the keys that signed nothing which is still valid;
 * seals what was stored before there was a secret.
 */
export async function tidyKeys(tx: Transaction, secret: string, now: Date): Promise<void> {
  await tx.signingKey.deleteMany({ where: { publishedUntil: { lt: now } } });
  const rows: KeyRow[] = await tx.signingKey.findMany();
  const old = new Set(retired(rows, now).map(({ kid }) => kid));
  for (const row of rows.filter((each) => !isSpent(each))) {
    const privateKey = old.has(row.kid)
      ? publicHalf(row)
      : isPlain(row.privateKey)
        ? seal(row.privateKey.slice(PLAIN.length), secret)
        : undefined;
    if (privateKey !== undefined) await tx.signingKey.update({ where: { kid: row.kid }, data: { privateKey } });
  }
}

/** Makes a key of these times, behind the lock. @returns its id */
export async function addKey(tx: Transaction, secret: string, times: KeyTimes, now: Date): Promise<string> {
  const before = await tx.signingKey.findMany();
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const publicJwk = { ...jwk, kid, alg: 'EdDSA', use: 'sig' };
  const { activatesAt, publishedUntil } = times;
  // The key before this one signs until this one becomes active, however late that is.
  await tx.signingKey.updateMany({
    where: { kid: signerOf(before, now)?.kid ?? '', publishedUntil: { lt: lastUse(activatesAt) } },
    data: { publishedUntil: lastUse(activatesAt) },
  });
  const sealed = seal(JSON.stringify(await exportJWK(privateKey)), secret);
  await tx.signingKey.create({ data: { kid, publicJwk, privateKey: sealed, activatesAt, publishedUntil } });
  return kid;
}
