import { CliError, parseArguments, wholeNumber } from '@stoa/cli';

/** One dead letter of one service, `cart/512-17`. */
export interface Place {
  readonly service: string;
  /** Within the service: bucket and number. */
  readonly id: string;
}

export type Command =
  | { readonly verb: 'list'; readonly service: string | undefined; readonly limit: number }
  | { readonly verb: 'show' | 'replay' | 'drop'; readonly place: Place }
  | { readonly verb: 'replay key'; readonly key: string; readonly service: string | undefined };

const MAX_LIMIT = 9_999_999;
const USAGE = 'list [service] | show <id> | replay <id> | replay --key <key> [service] | drop <id>';

const wrong = (what: string): CliError => new CliError(`${what} (npm run dead-letters -- ${USAGE})`);

const SYNTAX = {
  command: 'npm run dead-letters',
  words: true,
  options: {
    json: { type: 'boolean', default: false },
    key: { type: 'string' },
    limit: { type: 'string', default: '100' },
  },
} as const;

function placeOf(text: string | undefined, verb: string): Place {
  const [, service, id] = /^([a-z][a-z0-9-]*)\/(\d+-\d+)$/.exec(text ?? '') ?? [];
  if (service !== undefined && id !== undefined) return { service, id };
  const given = text === undefined ? 'no id is given' : `"${text}" is no id`;
  throw wrong(`${verb}: ${given}; list shows them, such as cart/0-17`);
}

/** @throws CliError for words that make no command. */
export function parseCommand(given: string[]): Command & { readonly json: boolean } {
  const { values, words } = parseArguments(given, SYNTAX);
  const { json, key } = values;
  const [verb, subject, ...rest] = words;
  if (rest.length > 0) throw wrong(`"${rest.join(' ')}" is too much`);
  if (key !== undefined && verb !== 'replay') throw wrong('--key is for replay');
  switch (verb) {
    case 'list':
      return { verb, service: subject, limit: wholeNumber('--limit', values.limit, { to: MAX_LIMIT }), json };
    case 'replay':
      if (key === '') throw wrong('replay: the key is empty');
      if (key !== undefined) return { verb: 'replay key', key, service: subject, json };
      return { verb, place: placeOf(subject, verb), json };
    case 'show':
    case 'drop':
      return { verb, place: placeOf(subject, verb), json };
    case undefined:
      throw wrong('say what to do');
    default:
      throw wrong(`there is no "${verb}"`);
  }
}
