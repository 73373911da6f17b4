import { parseArgs, type ParseArgsOptionDescriptor } from 'node:util';
import { CliError } from './errors.js';

interface Option extends ParseArgsOptionDescriptor {
  /** Takes all words up to the next option, and values with commas: `--only a b` is `--only a,b`. Needs `multiple`. */
  readonly list?: true;
  /** A value for the message that one is missing. */
  readonly example?: string;
}

type Options = Readonly<Record<string, Option>>;

/** The options and words of a command. */
export interface Syntax<O extends Options> {
  /** The command as people type it, such as `npm run audit`; its `--help` explains its words. */
  readonly command: string;
  readonly options: O;
  /** Takes words besides options; false if not given. */
  readonly words?: boolean;
  /** `--no-x` is the opposite of `--x`. */
  readonly allowNegative?: boolean;
}

type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O }>>['values'];

/**
 * Reads the words of a command by Node's `parseArgs`.
 * @throws CliError that names the word which is not understood, and the `--help` that explains it
 */
export function parseArguments<O extends Options>(
  args: readonly string[],
  syntax: Syntax<O>,
): { readonly values: Values<O>; readonly words: readonly string[] } {
  const config = {
    args: repeated(args, syntax.options),
    options: syntax.options,
    allowPositionals: true,
    allowNegative: syntax.allowNegative ?? false,
  };
  check(syntax, parseArgs({ ...config, strict: false, tokens: true }).tokens);
  const { values, positionals } = parseArgs(config);
  return { values: values as Values<O>, words: positionals };
}

/** `--only a b,c` as `--only=a --only=b --only=c`, which is what parseArgs understands. */
function repeated(args: readonly string[], options: Options): string[] {
  const result: string[] = [];
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  let list: string | undefined;
  const add = (flag: string, text: string): void => {
    const values = text.split(',').filter((value) => value !== '');
    result.push(...(values.length > 0 ? values : ['']).map((value) => `${flag}=${value}`));
  };
  for (const [index, arg] of args.slice(0, end).entries()) {
    const [, flag, value] = /^(--[^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (flag === undefined && list !== undefined && !arg.startsWith('-')) {
      add(list, arg);
      continue;
    }
    list = flag !== undefined && options[flag.slice(2)]?.list ? flag : undefined;
    const next = args[index + 1];
    if (list === undefined) result.push(arg);
    else if (value !== undefined) add(list, value);
    // Left as it is where no value follows, so that it is missed.
    else if (next === undefined || next.startsWith('-')) result.push(arg);
  }
  return [...result, ...args.slice(end)];
}

type Token = ReturnType<typeof parseArgs<{ strict: false; tokens: true }>>['tokens'][number];
type OptionToken = Extract<Token, { kind: 'option' }>;

function check(syntax: Syntax<Options>, tokens: readonly Token[]): void {
  let last: OptionToken | undefined;
  for (const token of tokens) {
    if (token.kind === 'option') checkOption(syntax, token);
    else if (token.kind === 'positional' && !syntax.words) throw strayWord(syntax, token.value, last);
    last = token.kind === 'option' ? token : undefined;
  }
}

const notUnderstood = ({ command }: Syntax<Options>, word: string): CliError => {
  const separator = command.startsWith('npm ') ? ' --' : '';
  return new CliError(`"${word}" is not understood; ${command}${separator} --help says what there is`);
};

function checkOption(syntax: Syntax<Options>, { name, rawName, value, inlineValue }: OptionToken): void {
  const isNegative = Boolean(syntax.allowNegative) && name.startsWith('no-');
  const option = optionOf(syntax, isNegative ? name.slice('no-'.length) : name);
  if (!option || (isNegative && option.type !== 'boolean')) throw notUnderstood(syntax, rawName);
  if (option.type === 'boolean') {
    if (value !== undefined) throw new CliError(`${rawName} takes no value, but was given "${value}"`);
    return;
  }
  if (value !== undefined && (inlineValue || !/^-./.test(value))) return;
  const example = option.example === undefined ? '' : `, for example ${rawName} ${option.example}`;
  throw new CliError(`${rawName} needs a value${example}`);
}

const optionOf = ({ options }: Syntax<Options>, name: string): Option | undefined =>
  Object.hasOwn(options, name) ? options[name] : undefined;

/** A word where none is taken, explained by the option before it. */
function strayWord(syntax: Syntax<Options>, word: string, option: OptionToken | undefined): CliError {
  if (!option) return notUnderstood(syntax, word);
  const { rawName, value } = option;
  return new CliError(
    value === undefined
      ? `${rawName} takes no value, but was given "${word}"`
      : `${rawName} takes one value, not "${value} ${word}"`,
  );
}

/** Reads a whole number from 1, or within other bounds. @throws CliError that begins with the flag */
export function wholeNumber(flag: string, text: string, { from = 1, to = Infinity } = {}): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= from && number <= to) return number;
  const bounds = to === Infinity ? `from ${from}` : `from ${from} to ${to}`;
  throw new CliError(`${flag} needs a whole number ${bounds}, not "${text}"`);
}

/** Reads one of a few words. @throws CliError that begins with the flag */
export function oneOf<T extends string>(flag: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new CliError(`${flag} needs ${words.join(' or ')}, not "${text}"`);
}
