import { defineConfig } from 'prisma/config';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  // Only `prisma migrate status` and the like connect; generating the client does not.
  datasource: { url: process.env['CATALOG_DATABASE_URL'] ?? '' },
  experimental: { externalTables: true },
  // Written by SQL alone; Prisma must not take them for leftovers.
  tables: {
    external: [
      'public.inbox',
      'public.outbox',
      'public.event_versions',
      'public.parked_events',
      'public.flows',
      'public.state_offsets',
      'public.retired_versions',
      'public.stock_movements',
      'public.stock_adjustments',
      'public.holds',
      'public.availability',
      'public.stale_availability',
      'public.import_chunks',
      'public.import_handles',
    ],
  },
});
