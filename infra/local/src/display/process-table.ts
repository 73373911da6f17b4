import { table } from '@stoa/cli';
import { childrenByParent, memoryOf } from '../machine/os-processes.js';
import type { State } from '../state-dir/state.js';

const MB = 1024 * 1024;

/** One process in the table of a stack. */
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

/** The processes of a stack with their memory, the supervisor included. */
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
  const supervisor = {
    name: 'supervisor',
    kind: 'supervisor',
    state: 'running',
    pid: state.pid,
    port: null,
    adminPort: null,
    restarts: 0,
    pssBytes: memoryOf(state.pid, new Map()),
  };
  return [...rows, supervisor];
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

/** Where shoppers pay, if that is here. */
export function paymentLines({ processes }: State): string[] {
  const provider = processes.find(({ kind }) => kind === 'payments');
  if (provider?.port === undefined) return [];
  return [
    `Payments go to the local test provider, where no money moves: http://127.0.0.1:${provider.port} (test cards there,`,
    'secrets in payments.json). STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET use an account at Stripe instead.',
    '',
  ];
}
