// For Prisma's command line (migrate status, validate). The service itself never loads Prisma.
export default {
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['CART_DATABASE_URL'] ?? '' },
};
