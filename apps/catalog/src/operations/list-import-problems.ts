import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../domain/cursor.js';
import { ImportQueries } from '../storage/imports/import-queries.js';

const Place = z.tuple([z.int().min(0), z.int().min(0)]);

@Injectable()
export class ListImportProblems implements Handler<typeof catalog.listImportProblems> {
  constructor(private readonly imports: ImportQueries) {}

  readonly handle: Handler<typeof catalog.listImportProblems>['handle'] = async ({ id, limit, cursor }, { fail }) => {
    const query = ['problems', id];
    const after = cursor === undefined ? null : decodeCursor(query, cursor, Place);
    if (cursor !== undefined && !after) fail('BAD_CURSOR', 'The cursor is damaged, or comes from another list');
    if (!(await this.imports.find(id))) fail('NOT_FOUND', `No import ${id}`);
    const found = await this.imports.problems(id, after, limit + 1);
    const last = found.length > limit ? found[limit - 1] : undefined;
    const items = found.slice(0, limit).map(({ problem }) => problem);
    return { items, next: last ? encodeCursor(query, last.place) : null };
  };
}
