import type { ApiResponse } from '../api/intents.js';
import { FAULTS, OPERATIONS, type Faults } from '../faults/menu.js';
import type { Ledger } from '../ledger/ledger.js';
import { invalid } from './errors.js';
import { ParamReader, parseForm } from './form.js';

/** The switches, and the sums of the ledger: for tests and operators of this machine, with the secret key. */
export function admin(ledger: Ledger, faults: Faults, line: string, body: string): ApiResponse {
  if (line === 'GET /_local/totals') return { status: 200, body: { totals: ledger.totals() } };
  if (line === 'DELETE /_local/faults') faults.turnOff();
  else if (line === 'POST /_local/faults') turnOn(faults, body);
  else if (line !== 'GET /_local/faults') throw invalid(`There is no ${line}`);
  return { status: 200, body: { faults: faults.list() } };
}

function turnOn(faults: Faults, body: string): void {
  const params = new ParamReader(parseForm(body));
  const fault = params.oneOf('fault', FAULTS);
  if (!fault) throw invalid(`fault is one of ${FAULTS.join(', ')}`, 'fault');
  faults.turnOn({
    fault,
    operation: params.oneOf('operation', OPERATIONS),
    left: params.integer('times'),
    oneIn: params.integer('oneIn'),
  });
  params.end();
}
