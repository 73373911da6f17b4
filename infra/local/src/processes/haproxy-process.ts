import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { startHaproxy, type Backend, type HaproxyServer } from '../servers/haproxy.js';
import { logFile } from '../state-dir/files.js';
import type { ProcessSpec } from './supervised-process.js';

/** HAProxy as a process of the stack, which can take over another configuration or program while it runs. */
export class HaproxyProcess {
  readonly spec: ProcessSpec<HaproxyServer>;
  private running: HaproxyServer | undefined;

  /** @param backends returns the gateways to balance over; it is called at each start and reload */
  constructor(
    stateDir: string,
    port: number,
    private readonly backends: () => Backend[],
    private command: string,
  ) {
    const options = { port, dataDir: join(stateDir, 'run/haproxy'), logFile: logFile(stateDir, 'haproxy') };
    const start: ProcessSpec<HaproxyServer>['start'] = async (starting) => {
      this.running = await startHaproxy({ ...options, command: this.command, servers: this.backends(), ...starting });
      return this.running;
    };
    this.spec = { name: 'haproxy', kind: 'haproxy', port, start };
  }

  /** Takes over the present configuration, and `command` as its program. @throws CliError; it goes on as it was */
  async reload(command = this.command): Promise<void> {
    if (!this.running) throw new CliError('HAProxy does not run yet');
    await this.running.reload({ servers: this.backends(), command });
    this.command = command;
  }
}
