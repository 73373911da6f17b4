import { Injectable } from '@nestjs/common';
import { toAsyncApi, toOpenApi } from '@stoa/contract-kit';
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
    return (this.openApiText ??= JSON.stringify(toOpenApi(this.contracts.table.documents)));
  }

  asyncApi(): string {
    return (this.asyncApiText ??= JSON.stringify(toAsyncApi(this.contracts.table.documents)));
  }
}
