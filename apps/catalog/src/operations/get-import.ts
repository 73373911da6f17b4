import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { ImportQueries } from '../storage/imports/import-queries.js';

@Injectable()
export class GetImport implements Handler<typeof catalog.getImport> {
  constructor(private readonly imports: ImportQueries) {}

  readonly handle: Handler<typeof catalog.getImport>['handle'] = async ({ id }, { fail }) =>
    (await this.imports.find(id)) ?? fail('NOT_FOUND', `No import ${id}`);
}
