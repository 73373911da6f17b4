import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@stoa/service';
import type { ShardsConfig } from './config.js';

/** The URL of the shard map's owner. */
@Injectable()
export class Directory {
  readonly url: string;

  constructor(@Inject(CONFIG) config: ShardsConfig) {
    this.url = config.DIRECTORY_ADMIN_URL;
  }
}
