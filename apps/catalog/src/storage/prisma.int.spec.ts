import { messagingMigrations } from '@stoa/messaging';
import { isTransient } from '@stoa/postgres';
import { testDatabase, type TestDatabase } from '@stoa/testing';
import { openPrisma, type PrismaClient } from './prisma.js';

/** Faults for which a query's caller gets 503, not 500: Prisma has words of its own for each. */
describe('faults of the database that queries meet', () => {
  let test: TestDatabase;
  let prisma: PrismaClient;

  beforeAll(async () => {
    test = await testDatabase({ migrations: [messagingMigrations, 'apps/catalog/prisma/migrations'] });
    prisma = openPrisma(test.url, 'catalog-test');
    await prisma.$executeRawUnsafe(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = current_setting('test.state'); END $$`);
    await prisma.$executeRawUnsafe(`CREATE TRIGGER refuse BEFORE DELETE ON categories
      FOR EACH STATEMENT EXECUTE FUNCTION refuse()`);
  });
  afterAll(async () => {
    await prisma.$disconnect();
    await test.drop();
  });

  const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'no failure',
      (error: unknown) => error,
    );
  const refusedWith = (state: string): Promise<unknown> =>
    failure(
      prisma.$transaction([
        prisma.$queryRawUnsafe(`SELECT set_config('test.state', '${state}', true)`),
        prisma.category.deleteMany(),
      ]),
    );

  it('are transient by what the server said', async () => {
    for (const state of ['25006', '53100', '57P03', '40001', '57014', 'XX000']) {
      expect([state, isTransient(await refusedWith(state))]).toEqual([state, true]);
    }
    for (const state of ['23514', '22023', '42501']) {
      expect([state, isTransient(await refusedWith(state))]).toEqual([state, false]);
    }
  });

  it('are transient where all connections are in use for too long', async () => {
    const late = Promise.withResolvers<unknown>();
    const holding = Array.from({ length: 8 }, () => Promise.withResolvers<void>());
    const busy = holding.map(({ resolve }) =>
      prisma.$transaction(
        async (tx) => {
          await tx.$queryRaw`SELECT 1`;
          resolve();
          await late.promise;
        },
        { maxWait: 50_000, timeout: 50_000 },
      ),
    );
    await Promise.all(holding.map(({ promise }) => promise));
    late.resolve(await failure(prisma.category.count()));
    await Promise.all(busy);
    const error = await late.promise;
    expect(error).toBeInstanceOf(Error);
    expect(isTransient(error)).toBe(true);
  });

  it('are transient where nobody listens at its address', async () => {
    const nowhere = openPrisma('postgres://u:p@127.0.0.1:1/none', 'catalog-test');
    const errors = [await failure(nowhere.category.count()), await failure(nowhere.$queryRaw`SELECT 1`)];
    expect(errors.map(isTransient)).toEqual([true, true]);
    await nowhere.$disconnect();
  });
});
