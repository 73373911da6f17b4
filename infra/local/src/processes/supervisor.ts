import type { Running } from '../servers/child.js';
import type { Backend } from '../servers/haproxy.js';
import { identityOf } from '../machine/os-processes.js';
import { killRuns } from '../machine/run.js';
import { Keeper, type Member } from './supervised-process.js';
import { KINDS, removeState, type State, writeState } from '../state-dir/state.js';

/** Has all processes of the stack: starts and keeps them, writes down what runs, and stops everything in order. */
export class Supervisor {
  private readonly keepers: Keeper[] = [];
  private phase: State['phase'] = 'starting';
  private readonly startedAt = new Date().toISOString();
  private url: string | undefined;
  private balancerSocket: string | undefined;
  private stopping: Promise<void> | undefined;
  private gone = false;

  constructor(
    private readonly stateDir: string,
    private readonly report: (line: string) => void,
  ) {
    this.write();
  }

  /** Starts a process and keeps it running from then on. Rejects if it can't be started, or the stack is being stopped. */
  async keep<R extends Running>(member: Member<R>): Promise<R> {
    if (this.stopping) throw new Error('the stack is being stopped');
    const keeper = new Keeper(member, { changed: () => this.write(), report: this.report });
    this.keepers.push(keeper as unknown as Keeper);
    try {
      return await keeper.start();
    } catch (error) {
      this.forget(member.name);
      throw error;
    }
  }

  /** Stops one process for good, once `drain` has taken its work from it, and forgets it. If that fails, it stays. */
  async release(name: string, drain: () => Promise<void>): Promise<void> {
    const keeper = this.keepers.find((each) => each.member.name === name);
    if (!keeper) return;
    await keeper.retire(drain);
    this.forget(name);
  }

  /** From now on the shop answers at `url`. */
  ready(url: string | undefined): void {
    if (this.stopping) return;
    this.phase = 'ready';
    this.url = url;
    this.write();
  }

  /** Where HAProxy takes runtime commands. */
  balancedThrough(socket: string): void {
    this.balancerSocket = socket;
  }

  state(): State {
    return {
      pid: process.pid,
      identity: identityOf(process.pid) ?? '',
      phase: this.phase,
      startedAt: this.startedAt,
      ...(this.url === undefined ? {} : { url: this.url }),
      ...(this.balancerSocket === undefined ? {} : { balancerSocket: this.balancerSocket }),
      processes: this.keepers.map((keeper) => keeper.record()),
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

  /** Stops the balancer, gateways, services, Redis, Kafka and Postgres, in this order; what is starting is given up. */
  stop(): Promise<void> {
    this.stopping ??= this.stopInOrder();
    return this.stopping;
  }

  /** Ends everything at once. Servers recover when they are started again. */
  async kill(): Promise<void> {
    killRuns();
    await Promise.allSettled(this.keepers.map((keeper) => keeper.kill()));
  }

  private forget(name: string): void {
    const at = this.keepers.findIndex((keeper) => keeper.member.name === name);
    if (at >= 0) this.keepers.splice(at, 1);
    this.write();
  }

  private async stopInOrder(): Promise<void> {
    this.phase = 'stopping';
    this.write();
    killRuns();
    for (const kind of KINDS) {
      const those = this.keepers.filter((keeper) => keeper.member.kind === kind);
      await Promise.allSettled(those.map((keeper) => keeper.stop()));
    }
    this.gone = true;
    removeState(this.stateDir);
  }

  private write(): void {
    if (this.gone) return;
    writeState(this.stateDir, this.state());
  }
}
