// Checks what no linter at hand checks: words, comments, widths, folders (docs/decisions/0029-one-house.md says why).
// Each rule carries an example that it must find and one that it must pass, tried at each run. `node
// .ci/check-style.mjs [path ...]`
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { KEPT_WORDS, REFUSED_IN_NAMES, REFUSED_PHRASES, REFUSED_WORDS } from './words.mjs';

const MOST_COLUMNS = 120;
const MOST_FILES = 20;
const CODE = /\.(ts|mjs|cjs)$/;
const PROSE = /\.md$/;
/** Written by programs, by others, or kept as they were released or applied. */
const NOT_OURS =
  /(^|\/)(released|generated|fixtures|sample)\/|\/migrations\/\d|^docs\/audit|^\.ci\/words\.mjs$|^LICENSE$/;

/**
 * Cuts TypeScript into code, comments and strings. It knows no regular expressions: a quote in one is taken for a
 * string's, which ends with its line.
 * @returns {{ kind: 'code' | 'comment' | 'string', text: string, line: number }[]}
 */
function cut(source) {
  const parts = [];
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
  let from = 0;
  let line = 1;
  const add = (kind, text) => {
    if (text) parts.push({ kind, text, line });
    line += text.split('\n').length - 1;
  };
  for (const match of source.matchAll(token)) {
    add('code', source.slice(from, match.index));
    add(match[0].startsWith('/') ? 'comment' : 'string', match[0]);
    from = match.index + match[0].length;
  }
  add('code', source.slice(from));
  return parts;
}

/** `partOfName` → part, of, name. */
const partsOf = (name) =>
  name
    .replaceAll(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3 $2$4')
    .toLowerCase()
    .split(/[^a-z]+/);

/** Each line of a part that `pattern` is found in. */
const linesOf = ({ text, line }, pattern) =>
  [...text.matchAll(pattern)].map((match) => ({
    line: line + text.slice(0, match.index).split('\n').length - 1,
    found: match[0],
  }));

const partsOfFile = (file, text) => (CODE.test(file) ? cut(text) : [{ kind: 'comment', text, line: 1 }]);

const RULES = [
  {
    name: 'words',
    files: /\.(ts|mjs|cjs|md)$/,
    find: (file, text) =>
      partsOfFile(file, text).flatMap((part) =>
        linesOf(part, /[A-Za-z]+/g).flatMap(({ line, found }) => {
          const words = partsOf(found);
          const refused = [
            ...words
              .filter((word) => Object.hasOwn(REFUSED_WORDS, word) && !KEPT_WORDS[file]?.includes(word))
              .map((word) => [word, REFUSED_WORDS[word]]),
            ...(part.kind === 'code'
              ? words
                  .filter((word) => Object.hasOwn(REFUSED_IN_NAMES, word))
                  .map((word) => [word, REFUSED_IN_NAMES[word]])
              : []),
          ];
          return refused.map(([word, instead]) => ({ line, message: `"${word}": say ${instead}` }));
        }),
      ),
    bad: ['a.ts', `// The server is ${['aw', 'ay'].join('')}.`],
    good: ['a.ts', "const unavailable = 'The server is unavailable.';"],
  },
  {
    name: 'phrases',
    files: /\.(ts|mjs|cjs|md)$/,
    find: (file, text) =>
      partsOfFile(file, text)
        .filter(({ kind }) => kind !== 'code')
        .flatMap((part) =>
          REFUSED_PHRASES.flatMap(([pattern, instead]) =>
            linesOf(part, pattern).map(({ line, found }) => ({ line, message: `"${found}": say ${instead}` })),
          ),
        ),
    bad: ['a.md', `Each sign of ${'life'} is kept.`],
    good: ['a.md', 'Each heartbeat is kept.'],
  },
  {
    name: 'comment-begins-with-what',
    files: CODE,
    find: (_, text) =>
      cut(text)
        .filter(({ kind, text: comment }) => kind === 'comment' && /^(\/\/|\/\*\*?)\s*(What|Whose|Whom) /.test(comment))
        .map(({ line }) => ({ line, message: 'begin the comment with its subject, not with "What"' })),
    bad: ['a.ts', '/** What a clone does. */'],
    good: ['a.ts', '/** The work of a clone. */'],
  },
  {
    name: 'columns',
    files: /\.(ts|mjs|cjs|md|sql|sh|yml|cfg)$/,
    find: (file, text) =>
      text.split('\n').flatMap((row, index) => {
        const isTable = PROSE.test(file) && /^\s*\|/.test(row);
        const isOneWord = !/\S\s+\S/.test(row.replace(/^\s*(\/\/|\*|#|--|-|>)?\s*/, ''));
        const isImport = /^(import|\} from|export) .*from '|^const .* = (await )?import\(/.test(row);
        if (row.length <= MOST_COLUMNS || isTable || isOneWord || isImport) return [];
        // The formatter decides on code; a string is not broken for its length.
        if (CODE.test(file) && !/^\s*(\/\/|\/?\*)|\/\/ [^'"`]*$/.test(row)) return [];
        return [{ line: index + 1, message: `${row.length} columns: break the line before ${MOST_COLUMNS}` }];
      }),
    bad: ['a.md', `${'word '.repeat(30)}`],
    good: ['a.md', `| ${'word '.repeat(30)} |`],
  },
  {
    name: 'private-fields',
    files: /\.ts$/,
    find: (_, text) =>
      cut(text)
        .filter(({ kind }) => kind === 'code')
        .flatMap((part) => linesOf(part, /(?<![\w'"])#[a-z]\w*/g))
        .map(({ line, found }) => ({ line, message: `${found}: write \`private\`` })),
    bad: ['a.ts', 'class A { readonly #name = 1; }'],
    good: ['a.ts', 'class A { private readonly name = 1; }'],
  },
  {
    name: 'spread-of-a-literal',
    files: /\.(ts|mjs)$/,
    find: (_, text) =>
      cut(text)
        .filter(({ kind }) => kind === 'code')
        .flatMap((part) => linesOf(part, /\.\.\.\{/g))
        .map(({ line }) => ({ line, message: 'write the properties out instead of spreading a literal' })),
    bad: ['a.ts', 'const a = { ...{ b, c }, d };'],
    good: ['a.ts', 'const a = { ...(d && { b }), d };'],
  },
];

const failures = [];
for (const { name, find, bad, good } of RULES) {
  if (find(...bad).length === 0) failures.push(`.ci/check-style.mjs: the rule ${name} does not find its own example`);
  if (find(...good).length > 0) failures.push(`.ci/check-style.mjs: the rule ${name} finds an example that is right`);
}

const root = path.resolve(import.meta.dirname, '..');
const { stdout } = spawnSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...process.argv.slice(2)],
  {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  },
);
const files = stdout
  .split('\n')
  .filter((file) => file && existsSync(path.join(root, file)))
  .toSorted();

const folders = new Map();
for (const file of files) folders.set(path.dirname(file), (folders.get(path.dirname(file)) ?? 0) + 1);
for (const [folder, count] of folders) {
  const isList = /^docs\/decisions$|\/pictures$/.test(folder);
  if (count > MOST_FILES && !isList) failures.push(`${folder}: ${count} files: give what belongs together a folder`);
}

for (const file of files.filter((each) => !NOT_OURS.test(each))) {
  for (const word of partsOf(file)) {
    const instead = REFUSED_WORDS[word] ?? REFUSED_IN_NAMES[word];
    if (instead) failures.push(`${file}: its name says "${word}": say ${instead}`);
  }
  const rules = RULES.filter(({ files: applies }) => applies.test(file));
  if (rules.length === 0) continue;
  const text = readFileSync(path.join(root, file), 'utf8');
  for (const { name, find } of rules) {
    for (const { line, message } of find(file, text)) failures.push(`${file}:${line}: ${name}: ${message}`);
  }
}
for (const failure of failures) process.stderr.write(`${failure}\n`);
process.stdout.write(`${files.length} files, ${failures.length} findings\n`);
process.exit(failures.length === 0 ? 0 : 1);
