import { Injectable } from '@nestjs/common';
import { toAsyncApi, toOpenApi } from '@stoa/contract-kit/documents';
import { OWN_SERVICE } from '../services/contract-book.js';
import { Contracts } from '../services/contracts.js';

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

  /** Without the gateway's own operations: no message carries them. */
  asyncApi(): string {
    const documents = this.contracts.table.documents.filter(({ service }) => service !== OWN_SERVICE);
    return (this.asyncApiText ??= JSON.stringify(toAsyncApi(documents)));
  }
}
