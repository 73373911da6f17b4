import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CliError, parseArguments, wholeNumber } from '@stoa/cli';
import { mailboxDir } from '../state-dir/files.js';
import { stateDir } from '../state-dir/paths.js';

interface Message {
  readonly date: number;
  readonly to: string;
  readonly text: string;
}

/** Mails are sent behind the response: whoever asks for one at once waits for it. */
const FIRST_MAIL_MS = 10_000;
const POLL_MS = 100;

/**
 * `npm run mailbox -- [TO] [-n MAILS]`: what the shop mailed, the last one last. With an address, it waits for a mail.
 */
export async function mailbox(given: string[]): Promise<number> {
  const { values, words } = parseArguments(given, {
    command: 'npm run mailbox',
    words: true,
    options: { mails: { type: 'string', short: 'n', default: '10' } },
  });
  const [to = '', ...more] = words;
  if (more.length > 0) throw new CliError(`one address, or a part of it, not ${words.length}`);
  const dir = mailboxDir(stateDir());
  const deadline = Date.now() + (to === '' ? 0 : FIRST_MAIL_MS);
  let mails = await mailsTo(dir, to);
  for (; mails.length === 0 && Date.now() < deadline; mails = await mailsTo(dir, to)) await delay(POLL_MS);
  const last = mails.toSorted((a, b) => a.date - b.date).slice(-wholeNumber('-n', values.mails, { from: 1 }));
  process.stdout.write(last.length > 0 ? last.map(({ text }) => text).join(`${'-'.repeat(72)}\n`) : 'No mail.\n');
  return 0;
}

async function mailsTo(dir: string, to: string): Promise<Message[]> {
  const files = (await readdir(dir).catch(() => [])).filter((file) => file.endsWith('.eml'));
  return files.map((file) => messageOf(readFileSync(join(dir, file), 'utf8'))).filter((mail) => mail.to.includes(to));
}

/** The headers that people read, and the text. */
function messageOf(file: string): Message {
  const [head = '', ...body] = file.replaceAll('\r\n', '\n').split('\n\n');
  const header = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(head)?.[1] ?? '';
  const shown = ['Date', 'To', 'Subject'].map((name) => `${name}: ${header(name)}`);
  return {
    date: Date.parse(header('Date')),
    to: header('To'),
    text: `${shown.join('\n')}\n\n${body.join('\n\n').trimEnd()}\n`,
  };
}
