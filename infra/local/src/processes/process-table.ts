import { join, relative } from 'node:path';
import { table } from '@stoa/cli';
import { childrenByParent, memoryOf } from '../machine/os-processes.js';
import { environmentFile } from '../start/bring-up.js';
import type { Context } from '../plan/context.js';
import type { State } from '../state-dir/state.js';

const MB = 1024 * 1024;

/** One line of the table of what runs. */
export interface Row {
  name: string;
  kind: string;
  state: string;
  pid: number | null;
  port: number | null;
  adminPort: number | null;
  restarts: number;
  /** Proportional set size, with that of its children. */
  pssBytes: number | null;
}

/** What runs with its memory, the supervisor included. */
export function rowsOf(state: State): Row[] {
  const children = childrenByParent();
  const rows = state.processes.map(({ name, kind, state: is, pid, port, adminPort, restarts }) => ({
    name,
    kind,
    state: is,
    pid: pid ?? null,
    port: port ?? null,
    adminPort: adminPort ?? null,
    restarts,
    pssBytes: pid === undefined ? null : memoryOf(pid, children),
  }));
  const own = { name: 'supervisor', kind: 'supervisor', state: 'running', pid: state.pid, port: null, adminPort: null };
  return [...rows, { ...own, restarts: 0, pssBytes: memoryOf(state.pid, new Map()) }];
}

/** The processes, their ports and memory, and their sum. */
export function processTable(state: State): string {
  const rows = rowsOf(state);
  const total = rows.reduce((sum, row) => sum + (row.pssBytes ?? 0), 0);
  return table(
    [
      ['CLONE', 'PID', 'PORT', 'MEMORY', ''],
      ...rows.map((row) => [
        row.name,
        String(row.pid ?? '-'),
        String(row.port ?? row.adminPort ?? '-'),
        row.pssBytes === null ? '-' : megabytes(row.pssBytes),
        stateWords(row),
      ]),
      ['total', '', '', megabytes(total), ''],
    ],
    { right: [1, 2, 3] },
  );
}

const megabytes = (bytes: number): string => `${Math.round(bytes / MB)} MB`;

function stateWords({ state, restarts }: Row): string {
  const times = restarts === 0 ? '' : `restarted ${restarts}×`;
  return state === 'running' ? times : [state, times].filter(Boolean).join(', ');
}

/** What a person wants to know when all is up. */
export function welcome(context: Context, state: State, madeOperator: boolean): string {
  const { setup, operator, stateDir } = context;
  const lines = ['', processTable(state), ''];
  if (state.url) lines.push(...firstSteps(state.url), '');
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

/** A path as short as it can be typed here. */
function nearest(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
