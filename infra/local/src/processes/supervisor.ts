import { identityOf } from '../machine/os-processes.js';
import { killRuns } from '../machine/run.js';
import type { Running } from '../servers/child.js';
import type { Backend } from '../servers/haproxy.js';
import { KINDS, removeState, type State, writeState } from '../state-dir/state.js';
import { SupervisedProcess, type ProcessSpec } from './supervised-process.js';

/**
 * Supervisor exists so that nothing of a stack runs unnoticed; it works by starting and supervising every process
 * itself, writing each change to `run/state.json`, and stopping all in order.
 */
export class Supervisor {
  private readonly processes: SupervisedProcess[] = [];
  private phase: State['phase'] = 'starting';
  private readonly startedAt = new Date().toISOString();
  private url: string | undefined;
  private balancerSocket: string | undefined;
  private stopping: Promise<void> | undefined;
  private isRemoved = false;

  constructor(
    private readonly stateDir: string,
    private readonly report: (line: string) => void,
  ) {
    this.write();
  }

  /** Starts a process and keeps it running. Rejects if it can't be started, or the stack is being stopped. */
  async supervise<R extends Running>(spec: ProcessSpec<R>): Promise<R> {
    if (this.stopping) throw new Error('the stack is being stopped');
    const supervised = new SupervisedProcess(spec, { changed: () => this.write(), report: this.report });
    this.processes.push(supervised as unknown as SupervisedProcess);
    try {
      return await supervised.start();
    } catch (error) {
      this.forget(spec.name);
      throw error;
    }
  }

  /** Stops one process for good, once `drain` has taken its work from it, and forgets it. If that fails, it stays. */
  async remove(name: string, drain: () => Promise<void>): Promise<void> {
    const supervised = this.processes.find(({ spec }) => spec.name === name);
    if (!supervised) return;
    await supervised.drainAndStop(drain);
    this.forget(name);
  }

  /** Marks the stack as ready. @param url of the shop; undefined without a gateway */
  ready(url: string | undefined): void {
    if (this.stopping) return;
    this.phase = 'ready';
    this.url = url;
    this.write();
  }

  /** Records HAProxy's admin socket, which takes its runtime commands. */
  setBalancerSocket(socket: string): void {
    this.balancerSocket = socket;
  }

  /** The stack as `run/state.json` has it. */
  state(): State {
    return {
      pid: process.pid,
      identity: identityOf(process.pid) ?? '',
      phase: this.phase,
      startedAt: this.startedAt,
      ...(this.url !== undefined && { url: this.url }),
      ...(this.balancerSocket !== undefined && { balancerSocket: this.balancerSocket }),
      processes: this.processes.map((supervised) => supervised.record()),
    };
  }

  /** The gateways that may get requests, by name. */
  gateways(): Backend[] {
    const gateways = this.state().processes.filter(({ kind }) => kind === 'gateway');
    const inService = gateways.filter(({ state }) => state === 'running' || state === 'restarting');
    return inService
      .flatMap(({ name, port }) => (port === undefined ? [] : [{ name, port }]))
      .toSorted((a, b) => a.name.localeCompare(b.name));
  }

  get isStopping(): boolean {
    return this.stopping !== undefined;
  }

  /** Stops all processes in the order of KINDS. A start under way is aborted. */
  stop(): Promise<void> {
    this.stopping ??= this.stopInOrder();
    return this.stopping;
  }

  /** Kills all processes at once. Servers recover when they are started again. */
  async kill(): Promise<void> {
    killRuns();
    await Promise.allSettled(this.processes.map((supervised) => supervised.kill()));
  }

  private forget(name: string): void {
    const at = this.processes.findIndex(({ spec }) => spec.name === name);
    if (at >= 0) this.processes.splice(at, 1);
    this.write();
  }

  private async stopInOrder(): Promise<void> {
    this.phase = 'stopping';
    this.write();
    killRuns();
    for (const kind of KINDS) {
      const ofKind = this.processes.filter(({ spec }) => spec.kind === kind);
      await Promise.allSettled(ofKind.map((supervised) => supervised.stop()));
    }
    this.isRemoved = true;
    removeState(this.stateDir);
  }

  private write(): void {
    if (this.isRemoved) return;
    writeState(this.stateDir, this.state());
  }
}
