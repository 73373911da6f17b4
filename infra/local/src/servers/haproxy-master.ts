import { setTimeout as delay } from 'node:timers/promises';
import { CliError } from '@stoa/cli';
import { haproxyCommand } from './haproxy-command.js';

const RELOAD_TIMEOUT_MS = 10_000;
const POLL_MS = 50;

/**
 * HaproxyMaster exists to replace a running HAProxy without a failed request; it works by HAProxy's master process,
 * which at a signal starts a worker that takes over the listening sockets, while the old worker finishes its requests.
 */
export class HaproxyMaster {
  constructor(
    private readonly pid: number,
    /** The Unix socket that takes the master's commands. */
    private readonly socket: string,
  ) {}

  /**
   * Has a new worker take over, by the configuration files and the program as they are now.
   * @throws CliError when no new worker runs within 10 s; the old one goes on
   */
  async reload(): Promise<void> {
    const { current: before } = await this.workers();
    process.kill(this.pid, 'SIGUSR2');
    const deadline = performance.now() + RELOAD_TIMEOUT_MS;
    while (performance.now() < deadline) {
      // The socket is closed for a moment, while the master starts itself again.
      const { current } = await this.workers().catch(() => ({ current: before }));
      if (current.some((pid) => !before.includes(pid))) return;
      await delay(POLL_MS);
    }
    throw new CliError('HAProxy did not reload, and goes on as it was: its log says why (npm run logs -- haproxy)');
  }

  /** Takes no new connections, and resolves when no request is under way any more, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    process.kill(this.pid, 'SIGUSR1');
    const deadline = performance.now() + timeoutMs;
    // Not reachable: it has ended.
    while (performance.now() < deadline && (await this.requests().catch(() => 0)) > 0) await delay(POLL_MS);
  }

  /** The workers that take connections, and those that only finish their requests. */
  private async workers(): Promise<{ current: number[]; old: number[] }> {
    const [current = '', old = ''] = (await haproxyCommand(this.socket, 'show proc')).split('# old workers');
    const pids = (text: string): number[] => [...text.matchAll(/^(\d+)\s+worker\b/gm)].map(([, pid]) => Number(pid));
    return { current: pids(current), old: pids(old) };
  }

  /** How many requests are at a gateway or wait for one. */
  private async requests(): Promise<number> {
    const { current, old } = await this.workers();
    const counts = [...current, ...old].map((pid) => this.requestsOf(pid));
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  private async requestsOf(worker: number): Promise<number> {
    const rows = (await haproxyCommand(this.socket, `@!${worker} show stat`)).split('\n');
    const totals = rows.filter((row) => /^(?:gateways|streams),BACKEND,/.test(row)).map((row) => row.split(','));
    return totals.reduce((sum, [, , waiting, , atServers]) => sum + Number(waiting) + Number(atServers), 0);
  }
}
