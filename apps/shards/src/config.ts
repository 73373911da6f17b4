import { commaList, commonVariables, postgresUrl } from '@stoa/service';
import type { z } from 'zod';

/** The environment variables of the service. */
export const shardsVariables = commonVariables.extend({
  DIRECTORY_ADMIN_URL: postgresUrl('the shard map, as its owner'),
  SHARD_HOSTS: commaList()
    .default(['127.0.0.1'])
    .describe('hosts, or host:port, with commas between: where shards that operators add over the gateway may be'),
});
/** Their values. */
export type ShardsConfig = z.output<typeof shardsVariables>;
