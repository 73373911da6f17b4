import { Injectable } from '@nestjs/common';
import type { OutputOf } from '@stoa/contract-kit';
import { Contracts } from '../services/contracts.js';
import type { builtinContract } from './contract.js';
import type { BuiltinHandler } from './handler.js';

/** Shows operators the contracts in force, and the refused ones with the reasons. */
@Injectable()
export class ListContracts implements BuiltinHandler<typeof builtinContract.listContracts> {
  constructor(private readonly contracts: Contracts) {}

  readonly handle = async (): Promise<OutputOf<typeof builtinContract.listContracts>> => ({
    inForce: this.contracts.table.documents.map(({ service, version, title, operations }) => ({
      service,
      version,
      title,
      operations: Object.keys(operations).length,
    })),
    refused: this.contracts.refusedContracts().map(({ service, version, reasons, at }) => ({
      service,
      version,
      reasons: [...reasons],
      at,
    })),
  });
}
