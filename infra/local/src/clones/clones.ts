import { setTimeout as delay } from 'node:timers/promises';
import type { ClonesByApp, Step } from '../control/protocol.js';
import { CliError, reason } from '@stoa/cli';
import { freePort } from '../machine/ports.js';
import type { Addresses, Context } from '../plan/context.js';
import type { Service } from '../plan/topology.js';
import type { Supervisor } from '../processes/supervisor.js';
import type { ProcessRecord } from '../state-dir/state.js';
import type { Balancer } from './balancer.js';
import { cloneProcess, isReady } from './clone-process.js';
import { migrateService } from './migrations.js';

const HAPROXY = 'haproxy';
const READY_TIMEOUT_MS = 15_000;
const POLL_MS = 50;

/**
 * Clones exists to add, remove and replace clones of a running stack; it works by one change after the other, because a
 * start takes a core, and those that run have work to do. There are never fewer of an app than were asked for: a
 * successor is ready before its predecessor stops.
 */
export class Clones {
  private isBusy = false;

  constructor(
    private readonly context: Context,
    private readonly addresses: Addresses,
    private readonly supervisor: Supervisor,
    /** Undefined where a lone gateway has the shop's port for itself. */
    private readonly balancer: Balancer | undefined,
  ) {}

  /**
   * Starts missing clones, then stops surplus ones, the highest numbers first.
   * @throws CliError; no clone was stopped for one that did not start
   */
  setCounts(counts: Readonly<Record<string, number>>, step: Step): Promise<ClonesByApp> {
    return this.exclusive(async () => {
      const wanted = Object.entries(counts).map(([app, count]) => ({ service: this.service(app), count }));
      for (const { service, count } of wanted) if (count > 1) this.requireBalancer(service);
      for (const { service, count } of wanted) {
        while (this.clonesOf(service).length < count) await this.add(service, step);
      }
      for (const { service, count } of wanted) {
        for (const { name } of this.clonesOf(service).slice(count).toReversed()) await this.remove(service, name, step);
      }
      return this.names();
    });
  }

  /**
   * Migrates, then replaces each clone of these apps by one that runs the present build. HAProxy takes over its present
   * configuration.
   * @param apps names of services, `haproxy`, or `all` @param program of HAProxy; the one that runs if undefined
   * @throws CliError; clones that were not replaced go on
   */
  roll(apps: readonly string[], program: string | undefined, step: Step): Promise<ClonesByApp> {
    return this.exclusive(async () => {
      const all = apps.includes('all');
      const named = apps.filter((app) => app !== HAPROXY);
      const services = all ? this.context.setup.services : named.map((app) => this.service(app));
      for (const service of services) this.requireBalancer(service);
      const { balancer } = this;
      if (!balancer && apps.includes(HAPROXY)) throw new CliError('no HAProxy runs here');
      for (const service of new Set(services)) await this.rollOne(service, step);
      if (balancer && (all || apps.includes(HAPROXY))) await step('reload haproxy', () => balancer.reload(program));
      return this.names();
    });
  }

  private async rollOne(service: Service, step: Step): Promise<void> {
    // Without the shards of the start: some may have been removed since, and the map knows the present ones.
    const addresses = { ...this.addresses, shards: new Map<string, string>() };
    await step(`migrate ${service.app}`, () => migrateService(this.context, addresses, service));
    for (const { name } of this.clonesOf(service)) {
      await this.add(service, step);
      await this.remove(service, name, step);
    }
  }

  private async add(service: Service, step: Step): Promise<void> {
    const name = this.freeName(service);
    const port = service.http && this.balancer ? await freePort() : undefined;
    const clone = await cloneProcess(this.context, this.addresses, service, name, port);
    try {
      await step(`start ${name}`, async () => {
        await this.supervisor.supervise(clone);
        if (port !== undefined) await this.balancer?.admit({ name, port });
      });
    } catch (error) {
      // It may run and not be reachable, or not exist at all.
      await this.supervisor.remove(name, async () => undefined);
      throw new CliError(`${reason(error)}; no other clone was stopped for it`, { cause: error });
    }
  }

  private async remove(service: Service, name: string, step: Step): Promise<void> {
    await this.untilOthersReady(service, name);
    const { balancer } = this;
    const drain = async (): Promise<void> => {
      if (!service.http || !balancer) return;
      await step(`drain ${name}`, () => balancer.drain(name));
    };
    await step(`stop ${name}`, async () => {
      await this.supervisor.remove(name, drain);
      if (service.http) await balancer?.remove(name);
    });
  }

  /** @throws CliError when no other clone is ready within 15 s */
  private async untilOthersReady(service: Service, name: string): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    const others = (): ProcessRecord[] => this.clonesOf(service).filter((clone) => clone.name !== name);
    const areReady = async ({ state, adminPort = 0 }: ProcessRecord): Promise<boolean> =>
      state === 'running' &&
      isReady(adminPort).then(
        () => true,
        () => false,
      );
    while (!(await Promise.all(others().map(areReady))).some(Boolean)) {
      if (performance.now() > deadline) throw new CliError(`no other clone of ${service.app} is ready: ${name} stays`);
      await delay(POLL_MS);
    }
  }

  /** One change at a time: a second one would count clones that are about to leave. */
  private async exclusive<T>(work: () => Promise<T>): Promise<T> {
    if (this.isBusy) throw new CliError('clones are being changed already: try again when that is done');
    this.isBusy = true;
    try {
      return await work();
    } finally {
      this.isBusy = false;
    }
  }

  private service(app: string): Service {
    const { services } = this.context.setup;
    const found = services.find((service) => service.app === app);
    if (found) return found;
    throw new CliError(`no service "${app}" runs here; there are ${services.map((service) => service.app).join(', ')}`);
  }

  private requireBalancer({ http }: Service): void {
    if (http && !this.balancer)
      throw new CliError(
        'without HAProxy there is one gateway, which has the port for itself: only a restart changes it',
      );
  }

  private names(): ClonesByApp {
    const { services } = this.context.setup;
    return Object.fromEntries(
      services.map((service) => [service.app, this.clonesOf(service).map(({ name }) => name)] as const),
    );
  }

  /** By number. */
  private clonesOf({ app }: Service): ProcessRecord[] {
    const ofApp = new RegExp(`^${app}-\\d+$`);
    const clones = this.supervisor.state().processes.filter(({ name }) => ofApp.test(name));
    return clones.toSorted((a, b) => numberOf(a.name) - numberOf(b.name));
  }

  private freeName(service: Service): string {
    const taken = new Set(this.clonesOf(service).map(({ name }) => numberOf(name)));
    for (let number = 1; ; number++) if (!taken.has(number)) return `${service.app}-${number}`;
  }
}

const numberOf = (clone: string): number => Number(clone.slice(clone.lastIndexOf('-') + 1));
