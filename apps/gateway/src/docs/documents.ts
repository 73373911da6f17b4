import { Injectable } from '@nestjs/common';
import * as kit from '@stoa/contract-kit';
import { Contracts } from '../contracts/contracts.js';

/** The API descriptions that follow from the contracts in force: made when first asked for, anew after a change. */
@Injectable()
export class Documents {
  private openApiText: string | undefined;
  private asyncApiText: string | undefined;

  constructor(private readonly contracts: Contracts) {
    contracts.onChange(() => {
      this.openApiText = undefined;
      this.asyncApiText = undefined;
    });
  }

  openApi(): string {
    return (this.openApiText ??= JSON.stringify(describe('toOpenApi', this.contracts.table.documents)));
  }

  asyncApi(): string {
    return (this.asyncApiText ??= JSON.stringify(describe('toAsyncApi', this.contracts.table.documents)));
  }
}

function describe(how: string, documents: readonly kit.ContractDocument[]): unknown {
  const make = (kit as unknown as Record<string, ((of: readonly kit.ContractDocument[]) => unknown) | undefined>)[how];
  if (!make) throw new Error(`this contract-kit has no ${how}`);
  return make(documents);
}
