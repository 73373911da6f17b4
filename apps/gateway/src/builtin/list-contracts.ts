import { Injectable } from '@nestjs/common';
import type { OutputOf } from '@stoa/contract-kit';
import { Contracts } from '../services/contracts.js';
import type { ownContract } from './contract.js';
import type { OwnHandler } from './handler.js';

/** Shows operators which contracts are in force, and what was refused and why. */
@Injectable()
export class ListContracts implements OwnHandler<typeof ownContract.listContracts> {
  constructor(private readonly contracts: Contracts) {}

  readonly handle = async (): Promise<OutputOf<typeof ownContract.listContracts>> => ({
    inForce: this.contracts.table.documents.map(({ service, version, title, operations }) => ({
      service,
      version,
      title,
      operations: Object.keys(operations).length,
    })),
    refused: this.contracts.refusals().map(({ service, version, reasons, at }) => ({
      service,
      version,
      reasons: [...reasons],
      at,
    })),
  });
}
