import { existsSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Failure, reason } from '../failure.js';
import { postgresMember } from './members.js';
import { postgresPassword } from './secrets.js';
import type { Supervisor } from './supervisor.js';

/** A server that was started for `npm run shards -- add --local`. */
export interface MoreShard {
  name: string;
  /** Its superuser's. */
  url: string;
}

type Answer = { name: string; port: number } | { failure: string };

const NAME = /^[a-z][a-z0-9_-]{0,30}$/;
/** Making the data folder takes seconds, on a busy machine more. */
const PATIENCE_MS = 120_000;

const socketOf = (stateDir: string): string => join(stateDir, 'run/shards.sock');

/** Starts one more shard server for whoever asks, under the stack's supervision. @returns what ends that. */
export async function offerShards(stateDir: string, supervisor: Supervisor): Promise<() => void> {
  const path = socketOf(stateDir);
  await rm(path, { force: true });
  const server = createServer((socket) => answerTo(socket, (name) => startShard(stateDir, supervisor, name)));
  await listen(server, path);
  // Others on this machine have no business here. (What is answered is no secret.)
  await chmod(path, 0o600);
  return () => void server.close();
}

/**
 * Asks the stack that runs for one more shard server, or for one that an earlier try started.
 * @throws Failure when none runs, or it can't.
 */
export async function askForShard(stateDir: string, name: string | undefined): Promise<MoreShard> {
  const answer = await ask(socketOf(stateDir), `${name ?? ''}\n`);
  if ('failure' in answer) throw new Failure(answer.failure);
  const password = encodeURIComponent(postgresPassword(stateDir));
  return { name: answer.name, url: `postgres://postgres:${password}@127.0.0.1:${answer.port}/postgres` };
}

async function startShard(stateDir: string, supervisor: Supervisor, wanted: string): Promise<Answer> {
  const running = supervisor.state().processes.filter(({ kind }) => kind === 'postgres');
  const isRunning = (name: string) => running.find((process) => process.name === `postgres-${name}`);
  if (wanted !== '' && !NAME.test(wanted)) return { failure: `"${wanted}" can't name a shard` };
  const name = wanted === '' ? nextName(stateDir) : wanted;
  const there = isRunning(name);
  if (there) return there.port === undefined ? { failure: `${name} is starting` } : { name, port: there.port };
  const member = await postgresMember(stateDir, name, postgresPassword(stateDir));
  const { port } = await supervisor.keep(member);
  return { name, port };
}

function nextName(stateDir: string): string {
  for (let number = 1; ; number += 1) {
    if (!existsSync(join(stateDir, 'data', `postgres-shard${number}`))) return `shard${number}`;
  }
}

function answerTo(socket: Socket, start: (name: string) => Promise<Answer>): void {
  socket.setEncoding('utf8');
  socket.on('error', () => undefined);
  let line = '';
  socket.on('data', (text: string) => {
    const done = line.includes('\n');
    line += text;
    if (done || !line.includes('\n')) return;
    start(line.trim())
      .catch((error: unknown): Answer => ({ failure: reason(error) }))
      .then((answer) => socket.end(`${JSON.stringify(answer)}\n`))
      .catch(() => undefined);
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}

function ask(path: string, line: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    socket.setEncoding('utf8').setTimeout(PATIENCE_MS, () => socket.destroy(new Error('no answer')));
    socket.once('connect', () => socket.write(line));
    socket.on('data', (part: string) => (text += part));
    socket.once('error', (cause) => {
      reject(
        new Failure('no stack runs on this machine that could start a server: npm start brings one up', { cause }),
      );
    });
    socket.once('close', () =>
      text === '' ? reject(new Failure('the stack gave no answer')) : resolve(JSON.parse(text) as Answer),
    );
  });
}
