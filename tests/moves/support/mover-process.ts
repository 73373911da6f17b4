import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { MoveRequest, Step } from '@stoa/sharding/testing';
import { eventually, freeze } from '@stoa/testing';
import { directoryUrl } from '../../support/servers.js';

export interface Moment {
  readonly step: Step;
  readonly when: 'before' | 'after';
}

/** A mover in a process of its own. */
export class MoverProcess {
  private output = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly closed: Promise<unknown>,
  ) {
    child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  /** Plans a move and runs it, or aborts it under the fence; at the moment of that it waits for `goOn`. */
  static async start(request: MoveRequest, at: Moment, { abort = false } = {}): Promise<MoverProcess> {
    const options = JSON.stringify({ directoryUrl: await directoryUrl(), request, at, abort });
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'mover-child.mjs'), options], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    // Not at its exit: its last output may still be to be read then.
    return new MoverProcess(child, once(child, 'close'));
  }

  /** @returns the move, when it has come to its moment. @throws Error when it ended before. */
  async untilThere(): Promise<string> {
    const there = eventually(
      () => {
        if (!this.output.includes('here')) throw new Error(`the mover is not there yet: ${this.output}`);
        return Promise.resolve(true);
      },
      { timeoutMs: 120_000 },
    );
    const ended = this.closed.then(() => this.output.includes('here'));
    if (!(await Promise.race([there, ended]))) throw new Error(`the mover never came there: ${this.output}`);
    return /move (\S+)/.exec(this.output)?.[1] ?? '';
  }

  goOn(): void {
    this.child.stdin?.write('\n');
  }

  freeze(): Promise<void> {
    return freeze(this.child);
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.closed;
  }

  /** @returns how it ended: a phase, or an error. */
  async end(): Promise<string> {
    await this.closed;
    return /ended (.*)/.exec(this.output)?.[1] ?? 'without a word';
  }
}
