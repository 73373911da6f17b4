import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { importJWK, type CryptoKey, type JWK } from 'jose';
import { CONFIG, LOGGER, type Logger } from '@stoa/service';
import { repeatedly } from '../background/repeatedly.js';
import type { GatewayConfig } from '../config.js';
import { problem } from '../http/problem.js';
import { GatewayDatabase, type Transaction } from '../storage/gateway-database.js';
import { dueKey, signerOf, type KeyTimes } from './key-schedule.js';
import { addKey, isSpent, lockKeys, needsTidying, tidyKeys, type KeyRow } from './key-store.js';
import { unseal } from './seal.js';

interface LoadedKey extends KeyTimes {
  readonly kid: string;
  readonly publicJwk: JWK;
  readonly publicKey: CryptoKey;
  /** Undefined once the key has stopped signing: it only verifies. */
  readonly privateKey: CryptoKey | undefined;
}

const RELOAD_MS = 60_000;
/** A token with an unknown key id leads to another read of the keys, but not more often than this. */
const UNKNOWN_KEY_RELOAD_MS = 1_000;

const canSign = (key: LoadedKey): key is LoadedKey & { readonly privateKey: CryptoKey } => key.privateKey !== undefined;
const importKey = async (jwk: JWK): Promise<CryptoKey> => (await importJWK(jwk, 'EdDSA')) as CryptoKey;

/**
 * SigningKeys holds the Ed25519 keys that sign tokens, shared by all clones through the gateway's Postgres. Only the
 * one that signs, and the next, have a private half there, sealed with TOKEN_KEY_SECRET.
 */
@Injectable()
export class SigningKeys implements OnApplicationShutdown {
  private keys = new Map<string, LoadedKey>();
  private readonly stopping = new AbortController();
  private loading: Promise<void> | undefined;
  private loadedAt = -Infinity;

  constructor(
    private readonly database: GatewayDatabase,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'TOKEN_KEY_SECRET'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Loads the keys now and each minute; each second until there are any. */
  start(): void {
    const work = async (): Promise<number> => {
      await this.load().catch((error: unknown) => this.logger.warn({ err: error }, 'signing keys cannot be read'));
      return this.keys.size === 0 ? 1_000 : RELOAD_MS;
    };
    void repeatedly({ work, signal: this.stopping.signal });
  }

  onApplicationShutdown(): void {
    this.stopping.abort();
  }

  get known(): boolean {
    return this.keys.size > 0;
  }

  /** Reads the keys from the database, and makes the next one if it is due. Calls at the same time share one read. */
  load(): Promise<void> {
    return (this.loading ??= this.read().finally(() => (this.loading = undefined)));
  }

  /** @throws Error when no key is known yet. */
  signer(): { readonly kid: string; readonly privateKey: CryptoKey } {
    const usable = [...this.keys.values()].filter(canSign);
    // A clone whose clock is behind may know no other than one that is about to sign.
    const key = signerOf(usable, new Date()) ?? usable[0];
    if (!key) throw new Error('no signing key is known yet');
    return key;
  }

  /**
   * The public key of that id; undefined when there is none, also after another read of the database.
   * @throws HttpProblem 503 when the database can't be read: another clone may have made that key
   */
  async publicKey(kid: string): Promise<CryptoKey | undefined> {
    const known = this.keys.get(kid);
    if (known) return known.publicKey;
    if (performance.now() - this.loadedAt < UNKNOWN_KEY_RELOAD_MS) return undefined;
    try {
      await this.load();
    } catch {
      throw problem('UNAVAILABLE', 'Tokens cannot be checked at the moment; try again');
    }
    return this.keys.get(kid)?.publicKey;
  }

  /** RFC 7517. The next key is in it before it signs. */
  jwks(): { keys: JWK[] } {
    return { keys: [...this.keys.values()].map(({ publicJwk }) => publicJwk) };
  }

  private async read(): Promise<void> {
    const prisma = await this.database.prisma();
    let rows: KeyRow[] = await prisma.signingKey.findMany();
    const now = new Date();
    if (dueKey(rows, now) || needsTidying(rows, now)) {
      await this.database.transaction((tx) => this.rotate(tx));
      rows = await prisma.signingKey.findMany();
    }
    const fresh = await Promise.all(rows.map((row) => this.loaded(row)));
    this.keys = new Map(fresh.map((key) => [key.kid, key]));
    this.loadedAt = performance.now();
  }

  private async loaded(row: KeyRow): Promise<LoadedKey> {
    const known = this.keys.get(row.kid);
    if (known && (known.privateKey === undefined) === isSpent(row))
      return { ...known, publishedUntil: row.publishedUntil };
    const publicJwk = row.publicJwk as JWK;
    const publicKey = known?.publicKey ?? (await importKey(publicJwk));
    return { kid: row.kid, publicJwk, publicKey, privateKey: await this.privateKey(row), ...timesOf(row) };
  }

  private async privateKey(row: KeyRow): Promise<CryptoKey | undefined> {
    if (isSpent(row)) return undefined;
    return importKey(JSON.parse(unseal(row.privateKey, this.config.TOKEN_KEY_SECRET)) as JWK);
  }

  /** Once a day, and whenever a private half has become superfluous. */
  private async rotate(tx: Transaction): Promise<void> {
    const now = await lockKeys(tx);
    const secret = this.config.TOKEN_KEY_SECRET;
    await tidyKeys(tx, secret, now);
    // Read again under the lock: another clone may have been first.
    const times = dueKey(await tx.signingKey.findMany(), now);
    if (!times) return;
    const kid = await addKey(tx, secret, times, now);
    this.logger.info({ kid, activatesAt: times.activatesAt }, 'signing key created');
  }
}

const timesOf = ({ activatesAt, publishedUntil }: KeyTimes): KeyTimes => ({ activatesAt, publishedUntil });
