import { existsSync, readFileSync } from 'node:fs';
import { CliError, reason } from '@stoa/cli';
import { adminTokenFile } from '../state-dir/secrets.js';
import { appOf, type ProcessRecord, type State } from '../state-dir/state.js';
import type { Place } from './command-line.js';

/** A parked event, as a service's list has it. */
export interface Letter {
  readonly id: string;
  readonly topic: string;
  readonly type: string;
  readonly key: string;
  readonly version: number | null;
  /** Null: it only waits behind another of its key. */
  readonly reason: string | null;
  readonly attempts: number;
  readonly parkedAt: string;
}

export interface Replayed {
  readonly topic: string;
  readonly key: string;
  readonly replayed: number;
  readonly failed: { readonly id: string; readonly reason: string } | null;
}

interface Page {
  readonly items: readonly Letter[];
  readonly next: string | null;
}

const PAGE = 500;

/** The token that the stack gave to its clones; one in the environment wins. */
function adminToken(stateDir: string, env: NodeJS.ProcessEnv): string {
  if (env.ADMIN_TOKEN) return env.ADMIN_TOKEN;
  const file = adminTokenFile(stateDir);
  if (!existsSync(file)) throw new CliError(`${file} is missing: npm start makes it`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { token: string }).token;
}

/** Reaches the dead letters of the running services. Any clone has those of its whole service. */
export class DeadLetterClient {
  private readonly token: string;

  constructor(
    private readonly state: State,
    stateDir: string,
    env: NodeJS.ProcessEnv,
  ) {
    this.token = adminToken(stateDir, env);
  }

  /** Names of the services that run, or the wanted one. @throws CliError when it does not run */
  services(wanted?: string): string[] {
    const running = [...new Set(this.clones().map(appOf))].toSorted();
    if (wanted === undefined) return running;
    if (running.includes(wanted)) return [wanted];
    throw new CliError(`no service "${wanted}" runs; there are ${running.join(', ') || 'none'}`);
  }

  /** The first `limit` of a service; `more` when there are others. Undefined for a service that keeps none. */
  async list(service: string, limit: number): Promise<{ items: Letter[]; more: boolean } | undefined> {
    const items: Letter[] = [];
    for (let after = ''; ;) {
      const size = Math.min(PAGE, limit - items.length);
      const page = await this.request<Page>(service, 'GET', `?limit=${size}${after && `&after=${after}`}`);
      if (!page) return undefined;
      items.push(...page.items);
      if (page.next === null) return { items, more: false };
      if (items.length >= limit) return { items, more: true };
      after = page.next;
    }
  }

  /** @throws CliError when it is not parked */
  show({ service, id }: Place): Promise<Letter> {
    return this.existing(service, 'GET', id);
  }

  /** Drops one. @returns it @throws CliError when it is not parked */
  async drop({ service, id }: Place): Promise<Letter> {
    return (await this.existing<{ dropped: Letter }>(service, 'DELETE', id)).dropped;
  }

  /** Has one handled again, with those before it of its key. @throws CliError when it is not parked */
  async replay({ service, id }: Place): Promise<readonly Replayed[]> {
    return (await this.existing<{ replays: Replayed[] }>(service, 'POST', id, '/replay')).replays;
  }

  /** Has all of a key handled again; none for a service that keeps no dead letters. */
  async replayKey(service: string, key: string): Promise<readonly Replayed[]> {
    const path = `/replay?key=${encodeURIComponent(key)}`;
    return (await this.request<{ replays: Replayed[] }>(service, 'POST', path))?.replays ?? [];
  }

  private async existing<T>(service: string, method: string, id: string, verb = ''): Promise<T> {
    this.services(service);
    const found = await this.request<T>(service, method, `/${id}${verb}`);
    if (!found) throw new CliError(`${service}/${id} is not parked (any more): npm run dead-letters -- list`);
    return found;
  }

  private clones(): ProcessRecord[] {
    return this.state.processes.filter(({ kind, adminPort }) => kind === 'service' && adminPort !== undefined);
  }

  /** Sends a request to one clone after the other until one responds. @returns undefined for 404 @throws CliError */
  private async request<T>(service: string, method: string, path: string): Promise<T | undefined> {
    let trouble = 'none of its clones runs';
    for (const { name, adminPort } of this.clones().filter((clone) => appOf(clone) === service)) {
      const url = `http://127.0.0.1:${adminPort}/dead-letters${path}`;
      const headers = { authorization: `Bearer ${this.token}` };
      const response = await fetch(url, { method, headers }).catch((error: unknown) => {
        trouble = `${name} does not answer (${reason(error instanceof Error ? (error.cause ?? error) : error)})`;
      });
      if (!response) continue;
      const body = (await response.json()) as T & { status?: string };
      if (response.ok) return body;
      if (response.status === 404) return undefined;
      throw new CliError(`${name} refuses: ${body.status ?? response.status}`);
    }
    throw new CliError(`the dead letters of ${service} cannot be reached: ${trouble}`);
  }
}
