import { join, relative } from 'node:path';
import type { Context } from '../plan/context.js';
import { paymentLines, processTable } from '../display/process-table.js';
import { environmentFile } from '../state-dir/files.js';
import type { State } from '../state-dir/state.js';

/** The text that `npm start` ends with: the processes, the first requests to try, and the account of the operator. */
export function welcome(context: Context, state: State, madeOperator: boolean): string {
  const { setup, operator, stateDir } = context;
  const lines = ['', processTable(state), ''];
  if (state.url) lines.push(...firstSteps(state.url), '');
  lines.push(...paymentLines(state));
  if (madeOperator) {
    lines.push(`Operator's account (shown only now, kept in ${nearest(join(stateDir, 'operator.json'))}):`);
    lines.push(`  ${operator.email}  ${operator.password}`, '');
  }
  for (const { app } of setup.leftOut) lines.push(...runByHand(stateDir, app), '');
  return lines.join('\n');
}

function firstSteps(url: string): string[] {
  return [
    `The shop is open at ${url} (API reference: ${url}/docs)`,
    `  curl -s ${url}/v1/categories`,
    `  curl -s '${url}/v1/products?limit=3&sort=price'`,
    `  curl -s -X POST ${url}/v1/guests`,
  ];
}

function runByHand(stateDir: string, app: string): string[] {
  const file = nearest(environmentFile(stateDir, app));
  return [
    `Run ${app} yourself, with the environment in ${file}:`,
    `  npx node --env-file=${file} apps/${app}/dist/migrate.js`,
    `  npx node --env-file=${file} apps/${app}/dist/main.js`,
  ];
}

/** A path relative to the working directory if it is below that. */
function nearest(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
