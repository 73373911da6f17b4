import { parseCommand, type Command } from '../dead-letters/command-line.js';
import { DeadLetterClient, type Letter, type Replayed } from '../dead-letters/client.js';
import { CliError, table } from '@stoa/cli';
import { stateDir } from '../state-dir/paths.js';
import { runningState } from '../state-dir/state.js';

type Named<T> = T & { readonly service: string };

interface Outcome {
  readonly code: number;
  /** The output of --json. */
  readonly data: unknown;
  readonly text: string;
}

/**
 * `npm run dead-letters -- list | show | replay | drop`: events that services could not handle.
 * @returns 1 when a replay failed again
 */
export async function deadLetters(words: string[]): Promise<number> {
  const command = parseCommand(words);
  const state = runningState(stateDir());
  if (!state) throw new CliError('nothing runs: npm start brings the stack up');
  const { code, data, text } = await run(new DeadLetterClient(state, stateDir(), process.env), command);
  process.stdout.write(command.json ? `${JSON.stringify(data, null, 2)}\n` : `${text}\n`);
  return code;
}

async function run(client: DeadLetterClient, command: Command): Promise<Outcome> {
  switch (command.verb) {
    case 'list':
      return list(client, client.services(command.service), command.limit);
    case 'show': {
      const letter = { service: command.place.service, ...(await client.show(command.place)) };
      return { code: 0, data: letter, text: JSON.stringify(letter, null, 2) };
    }
    case 'drop': {
      const letter = { service: command.place.service, ...(await client.drop(command.place)) };
      const text = `Dropped ${nameOf(letter)} (${eventOf(letter)} of ${letter.key}).`;
      return { code: 0, data: letter, text: `${text} What is parked behind it waits for a replay of its key.` };
    }
    case 'replay':
      return replayed(withService(command.place.service, await client.replay(command.place)), 'it');
    case 'replay key': {
      const all = client
        .services(command.service)
        .map(async (service) => withService(service, await client.replayKey(service, command.key)));
      return replayed((await Promise.all(all)).flat(), `the key ${command.key}`);
    }
  }
}

const withService = <T extends object>(service: string, items: readonly T[]): Named<T>[] =>
  items.map((item) => ({ service, ...item }));

const nameOf = ({ service, id }: Named<{ id: string }>): string => `${service}/${id}`;
const eventOf = ({ topic, type }: Letter): string => `${topic} ${type}`;

async function list(client: DeadLetterClient, services: readonly string[], limit: number): Promise<Outcome> {
  const all = await Promise.all(
    services.map(async (service) => ({ service, found: await client.list(service, limit) })),
  );
  const letters = all.flatMap(({ service, found }) => withService(service, found?.items ?? []));
  const cut = all.filter(({ found }) => found?.more).map(({ service }) => service);
  if (letters.length === 0) return { code: 0, data: [], text: 'There are no dead letters.' };
  const rows = letters.map((letter) => [
    nameOf(letter),
    letter.parkedAt,
    String(letter.attempts),
    eventOf(letter),
    letter.key,
    letter.reason ?? '(waits behind another of its key)',
  ]);
  const lines = [table([['ID', 'PARKED', 'TRIES', 'EVENT', 'KEY', 'REASON'], ...rows], { indent: 0 })];
  if (cut.length > 0) lines.push(`There are more of ${cut.join(', ')}: --limit ${limit * 10} shows more.`);
  return { code: 0, data: letters, text: lines.join('\n') };
}

function replayed(replays: readonly Named<Replayed>[], what: string): Outcome {
  const lines = replays.flatMap(({ service, topic, key, replayed: count, failed }) => [
    `${service}: handled ${count} of ${topic} with the key ${key}`,
    ...(failed ? [`${service}/${failed.id} failed again; it and those behind it stay parked: ${failed.reason}`] : []),
  ]);
  const text = lines.length > 0 ? lines.join('\n') : `Nothing of ${what} is parked.`;
  return { code: replays.some(({ failed }) => failed) ? 1 : 0, data: replays, text };
}
