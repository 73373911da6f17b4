import { Injectable } from '@nestjs/common';
import { toAsyncApi, toOpenApi } from '@stoa/contract-kit/documents';
import { BUILTIN_SERVICE } from '../builtin/contract.js';
import { Contracts } from '../services/contracts.js';

/** The API descriptions that follow from the contracts in force: made at the first request, anew after a change. */
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

  /** Without the builtin operations: no message carries them. */
  asyncApi(): string {
    const documents = this.contracts.table.documents.filter(({ service }) => service !== BUILTIN_SERVICE);
    return (this.asyncApiText ??= JSON.stringify(toAsyncApi(documents)));
  }
}
