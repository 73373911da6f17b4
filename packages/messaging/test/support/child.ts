import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freeze, testKafkaBrokers } from '@stoa/testing';

/** A process of its own (leader.child.mjs), which tests freeze and kill. Runs the built package. */
export class Child {
  readonly lines: string[] = [];
  private readonly child: ChildProcess;

  constructor(environment: Record<string, string>) {
    const script = fileURLToPath(new URL('leader.child.mjs', import.meta.url));
    const env = { ...process.env, BROKERS: testKafkaBrokers(), ...environment };
    delete (env as Record<string, string | undefined>)['NODE_OPTIONS'];
    this.child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => this.lines.push(...text.split('\n').filter((line) => line !== '')));
    }
  }

  freeze(): Promise<void> {
    return freeze(this.child);
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  /** kill -9, also of one that is frozen. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
