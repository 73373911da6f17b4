import { CliError, counted, ranges } from '@stoa/cli';
import { moveHooks } from '@stoa/messaging/moves';
import {
  expectAbortable,
  canPause,
  knownKeyspaces,
  Mover,
  MoveRefused,
  currentMoves,
  onDirectory,
  reverseOf,
  type Move,
  type CurrentMove,
} from '@stoa/sharding';
import { executeWithProgress, moveResultLine } from '../execute-plan.js';
import type { CommandRun, Terminal } from '../terminal.js';

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Aborts moves before their switch. */
export const abort: CommandRun = async (terminal) => {
  const { options, say, printJson, progress } = terminal;
  const meant = await unfinished(terminal);
  for (const move of meant) expectAbortable(move);
  if (options.dryRun) return sayOnly(terminal, meant, 'would be aborted');
  const moves: Move[] = [];
  const mover = moverOf(terminal);
  for (const { id } of meant) {
    moves.push(await mover.abortMove(id, { takeOver: true }));
    progress.clear();
    say(`Move ${id} is aborted: its buckets are where they were.`);
  }
  printJson({ dryRun: false, moves });
  return 0;
};

/** Moves the buckets of a finished move back. */
export const reverse: CommandRun = async (terminal) => {
  const { options, say, printJson, progress } = terminal;
  const [id = ''] = options.words;
  const mover = moverOf(terminal);
  const { keyspace, from, to, buckets } = reverseOf(await mover.readMove(checkedId(id)));
  if (options.dryRun) {
    printJson({ dryRun: true, keyspace, from, to, buckets });
    say(`${keyspace}: ${counted(buckets.length, 'bucket')} (${ranges(buckets)}) would go back from ${from} to ${to}.`);
    return 0;
  }
  const back = await mover.runMove(await mover.reverseMove(id)).finally(() => progress.clear());
  printJson({ dryRun: false, move: back });
  say(moveResultLine(back, 1, 1));
  return 0;
};

/** Pauses moves before their switch. */
export const pause: CommandRun = async (terminal) => {
  const { options, say, printJson } = terminal;
  const meant = await unfinished(terminal);
  const late = meant.find(({ phase }) => !canPause(phase));
  if (late) throw new MoveRefused(`Move ${late.id} is ${late.phase}, and can't wait any more`);
  if (options.dryRun) return sayOnly(terminal, meant, 'would be paused');
  const mover = moverOf(terminal);
  const moves: Move[] = [];
  for (const { id } of meant) moves.push(await mover.pauseMove(id));
  printJson({ dryRun: false, moves });
  for (const { id, phase } of moves)
    say(`Move ${id} (${phase}) is paused. What it has copied stays, and keeps being followed.`);
  return 0;
};

/** Finishes moves that were paused, or whose mover died. */
export const resume: CommandRun = async (terminal) => {
  const { options } = terminal;
  const meant = options.words.length > 0 ? await unfinished(terminal) : await allUnfinished(terminal);
  if (options.dryRun) return sayOnly(terminal, meant, 'would be finished');
  const mover = moverOf(terminal);
  for (const { id } of meant) await mover.unpauseMove(id);
  if (options.acceptDifference) {
    const [only] = meant;
    if (!only || meant.length > 1)
      throw new CliError('--accept-difference needs one move: npm run shards -- resume MOVE --accept-difference');
    await mover.runMove(only.id, { acceptDifference: true });
  }
  const plan = { ...NO_PLAN, unfinished: meant.map(({ id }) => id) };
  return executeWithProgress(terminal, plan, 'npm run shards -- resume');
};

/** Makes a mover that shows its progress. */
const moverOf = ({ directoryUrl, progress }: Terminal): Mover =>
  new Mover({
    directoryUrl,
    hooks: {
      ...moveHooks,
      onProgress: ({ move, step, rows = 0 }) =>
        progress.show({ label: `${move}: ${step}`, done: 0, total: 0, counted: rows }),
    },
  });

const NO_PLAN = { moves: [], shares: [], buckets: 0, rows: 0, bytes: 0, seconds: 0, estimated: false, warnings: [] };

function checkedId(id: string): string {
  if (UUID.test(id)) return id;
  throw new CliError(`"${id}" is no move's id; npm run shards -- status shows those under way`);
}

async function allUnfinished({ directoryUrl, options }: Terminal): Promise<readonly CurrentMove[]> {
  const keyspaces = await knownKeyspaces(directoryUrl, options.keyspaces);
  const moves = await onDirectory(directoryUrl, (directory) => currentMoves(directory));
  return moves.filter(({ keyspace }) => keyspaces.includes(keyspace));
}

/** Finds the named move, or all that are not over. @throws MoveRefused when there is none. */
async function unfinished(terminal: Terminal): Promise<readonly CurrentMove[]> {
  const [word = ''] = terminal.options.words;
  if (word !== 'all') checkedId(word);
  const moves = await allUnfinished(terminal);
  const meant = word === 'all' ? moves : moves.filter(({ id }) => id === word);
  if (meant.length > 0) return meant;
  if (word === 'all') throw new MoveRefused('No move is under way');
  const { phase } = await moverOf(terminal).readMove(word);
  throw new MoveRefused(`Move ${word} is ${phase}`);
}

function sayOnly({ say, printJson }: Terminal, moves: readonly CurrentMove[], what: string): number {
  printJson({ dryRun: true, moves });
  for (const { id, keyspace, source, destination, phase } of moves) {
    say(`Move ${id} (${keyspace} ${source} → ${destination}, ${phase}) ${what}.`);
  }
  if (moves.length === 0) say('No move is under way.');
  return 0;
}
