import { commonVariables, postgresUrl } from '@stoa/service';
import type { z } from 'zod';

/** The environment variables of the service. */
export const shardsVariables = commonVariables.extend({
  DIRECTORY_ADMIN_URL: postgresUrl('the shard map, as its owner'),
});
/** Their values. */
export type ShardsConfig = z.output<typeof shardsVariables>;
