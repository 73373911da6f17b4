import { commonVariables, postgresUrl } from '@stoa/service';
import type { z } from 'zod';

export const shardsVariables = commonVariables.extend({
  DIRECTORY_ADMIN_URL: postgresUrl('the shard map, as its owner'),
});
export type ShardsConfig = z.output<typeof shardsVariables>;
