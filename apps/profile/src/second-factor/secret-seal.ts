import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@stoa/service';
import { CompactEncrypt, compactDecrypt } from 'jose';
import type { ProfileConfig } from '../config.js';

/** Seals the secrets of second factors as JWE (RFC 7516, A256GCM): who reads the database makes no codes. */
@Injectable()
export class SecretSeal {
  private readonly key: Uint8Array | undefined;

  constructor(@Inject(CONFIG) { SECOND_FACTOR_KEY: key }: Pick<ProfileConfig, 'SECOND_FACTOR_KEY'>) {
    this.key = key === undefined ? undefined : hash('sha256', `stoa second factors ${key}`, 'buffer');
  }

  /** Whether there is a key. */
  get isOn(): boolean {
    return this.key !== undefined;
  }

  async seal(secret: string): Promise<string> {
    const header = { alg: 'dir', enc: 'A256GCM' };
    return new CompactEncrypt(Buffer.from(secret)).setProtectedHeader(header).encrypt(this.needed());
  }

  /** @throws Error when it was sealed with another key */
  async open(sealed: string): Promise<string> {
    return Buffer.from((await compactDecrypt(sealed, this.needed())).plaintext).toString();
  }

  private needed(): Uint8Array {
    if (!this.key) throw new Error('secrets of second factors are sealed: set SECOND_FACTOR_KEY');
    return this.key;
  }
}
