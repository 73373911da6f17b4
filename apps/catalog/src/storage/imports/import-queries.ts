import type { ImportJob, ImportProblem } from '@stoa/catalog-contract';
import { jobOf } from './import-jobs.js';
import type { PrismaClient } from '../prisma.js';

/** A place among a job's problems: behind this line, and this id within it. */
export type ProblemPlace = readonly [line: number, id: number];

/** Queries of imports' progress and problems. */
export class ImportQueries {
  constructor(private readonly prisma: PrismaClient) {}

  async find(id: string): Promise<ImportJob | undefined> {
    const row = await this.prisma.importJob.findUnique({ where: { id } });
    return row ? jobOf(row) : undefined;
  }

  /** Up to `limit` problems behind a place, in the order of the file. */
  async problems(
    jobId: string,
    after: ProblemPlace | null,
    limit: number,
  ): Promise<{ problem: ImportProblem; place: ProblemPlace }[]> {
    const [line, id] = (after ?? [0, 0]).map(BigInt) as [bigint, bigint];
    const rows = await this.prisma.$queryRaw<
      { id: bigint; line: bigint; column: string | null; product: string | null; reason: string; refused: boolean }[]
    >`SELECT id, line, "column", product, reason, refused FROM import_problems
      WHERE job_id = ${jobId} AND (line, id) > (${line}, ${id}) ORDER BY line, id LIMIT ${limit}`;
    return rows.map(({ id: number, line: at, ...rest }) => ({
      problem: { line: Number(at), ...rest },
      place: [Number(at), Number(number)],
    }));
  }
}
