// For Prisma's command line (migrate status, validate), on one shard. The service itself never loads Prisma.
export default {
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['SHARD_URL'] ?? '' },
};
