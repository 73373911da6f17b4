import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { faultAtStart, type FileKind } from '../domain/files/file-start.js';
import { isCurrency } from '../domain/money.js';
import { receiveFrame } from '../storage/imports/import-jobs.js';

const TYPES: Readonly<Record<FileKind, string>> = { shopify: 'text/csv', ndjson: 'application/x-ndjson' };

/** Takes one frame of a file. A run (see imports/) reads it once the last one is here. */
@Injectable()
export class ImportProducts implements Handler<typeof catalog.importProducts> {
  readonly handle: Handler<typeof catalog.importProducts>['handle'] = async (input, { tx, now, fail }) => {
    const { format, file, currency, upload } = input;
    const contentType = upload.contentType.split(';')[0]?.trim().toLowerCase() ?? '';
    if (contentType !== TYPES[format]) {
      fail('BAD_FILE', `A file of the format ${format} is sent as ${TYPES[format]}, not as ${contentType}.`);
    }
    if (!isCurrency(currency)) fail('BAD_FILE', `${currency} is not a currency.`);
    const data = Buffer.from(upload.data, 'base64');
    const fault = upload.sequence === 0 ? faultAtStart(format, data, upload.last) : null;
    if (fault !== null) fail('BAD_FILE', fault);
    const job = { id: upload.id, file, format, currency };
    return receiveFrame(tx, { job, sequence: upload.sequence, last: upload.last, data }, now);
  };
}
