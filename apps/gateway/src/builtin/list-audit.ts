import { Injectable } from '@nestjs/common';
import type { InputOf, OutputOf } from '@stoa/contract-kit';
import { ReadTrail } from '../audit/read-trail.js';
import type { builtinContract } from './contract.js';
import type { BuiltinHandler } from './handler.js';

/** Shows operators the audit trail, page by page. */
@Injectable()
export class ListAudit implements BuiltinHandler<typeof builtinContract.listAudit> {
  constructor(private readonly trail: ReadTrail) {}

  readonly handle = async (
    input: InputOf<typeof builtinContract.listAudit>,
  ): Promise<OutputOf<typeof builtinContract.listAudit>> => {
    const items = await this.trail.read({ ...input, limit: input.limit + 1 });
    const page = items.slice(0, input.limit);
    return { items: page, next: items.length > page.length ? (page.at(-1)?.id ?? null) : null };
  };
}
