import { OperationError, type Command } from '@stoa/contract-kit';
import { unwrapReply, businessErrorReply, type CommandReply, type FlowContext } from '@stoa/messaging';
import * as fc from 'fast-check';
import { namesOf, type HeldNames, type LoginName, type NameKind } from '../src/domain/login-name.js';
import { reserve, type Claim, type NameRow } from '../src/domain/reservation.js';
import { NameSaga } from '../src/names/name-saga.js';
import { SettleNames } from '../src/names/settle-names.js';
import type { Customers } from '../src/storage/customers.js';
import type { Decisions } from '../src/storage/decisions.js';
import type { Names, Reservation, Reserved } from '../src/storage/names.js';

/** The effect of a command on the names of its customer, if it is decided for it. */
export type Effect =
  | { readonly do: 'create'; readonly names: HeldNames }
  | { readonly do: 'erase'; readonly names: HeldNames }
  | { readonly do: 'change'; readonly kind: NameKind; readonly from: string | null; readonly to: string | null };

export interface ModelOptions {
  readonly scheduler: fc.Scheduler;
  /** Whether a process dies at its nth access to the data. */
  readonly dies: (process: number, moment: number) => boolean;
  /** Leaves out a safeguard of the protocol, to see that it is needed. */
  readonly without?: 'giving up' | 'comparing reservations';
}

const keyOf = ({ kind, name }: LoginName): string => `${kind}:${name}`;
const NEVER = new Promise<never>(() => undefined);
const NOW = new Date(0);

/**
 * Both keyspaces in memory, each method one transaction; when it runs, the scheduler says. The sagas that run on it are
 * the real ones. Time does not pass: whether a reservation has expired is up to whoever asks, the worst case.
 */
export class NamesModel {
  readonly rows = new Map<string, NameRow & { readonly reservation: string }>();
  readonly accounts = new Map<string, HeldNames>();
  readonly inbox = new Map<string, CommandReply>();
  readonly violations: string[] = [];
  private processes = 0;
  private reservations = 0;
  private readonly moments = new Map<number, number>();

  constructor(private readonly options: ModelOptions) {}

  /** Runs one delivery of a command. Resolves with its reply; never when it dies. */
  async deliver(claim: Claim, effect: Effect): Promise<CommandReply> {
    const { saga, run } = this.process();
    const flow = {
      stepId: () => claim.token,
      step: () => run(() => unwrapReply(this.decide(claim, effect))),
    } as unknown as FlowContext<Command>;
    const names = namesTouched(effect);
    try {
      const change = { customerId: claim.customerId, command: {} as Command, input: {} as never, names };
      return { ok: true, body: JSON.stringify(await saga.run(flow, change)) };
    } catch (error) {
      if (error instanceof OperationError) return businessErrorReply(error);
      throw error;
    }
  }

  /** Settles whatever is reserved at the moment, as if it had expired. */
  async expire(): Promise<void> {
    const { names, settle } = this.process();
    for (const reservation of await names.allReserved()) await settle.ofAbandoned(reservation);
  }

  /** The rule that must hold at every moment. */
  private check(after: string): void {
    const owners = new Map<string, string>();
    for (const [customerId, held] of this.accounts) {
      for (const name of namesOf(held)) {
        const key = keyOf(name);
        const other = owners.get(key);
        if (other !== undefined) this.violations.push(`${after}: ${other} and ${customerId} both have ${key}`);
        owners.set(key, customerId);
        const row = this.rows.get(key);
        if (row?.customerId !== customerId) this.violations.push(`${after}: ${customerId} has ${key} without its row`);
      }
    }
  }

  private async atomically<T>(process: number, work: () => T): Promise<T> {
    await this.options.scheduler.schedule(Promise.resolve(), `process ${process}`);
    const moment = (this.moments.get(process) ?? 0) + 1;
    this.moments.set(process, moment);
    if (this.options.dies(process, moment)) return NEVER;
    const result = work();
    this.check(`process ${process}, moment ${moment}`);
    return result;
  }
  private process() {
    const process = ++this.processes;
    const run = <T>(work: () => T): Promise<T> => this.atomically(process, work);
    const names = {
      bucketOf: () => 0,
      reserve: (name: LoginName, claim: Claim) => run(() => this.reserve(name, claim)),
      reservedBy: (token: string) => run(() => this.reserved().filter((row) => row.token === token)),
      allReserved: () => run(() => this.reserved()),
      settle: (reservation: Reservation, isHeld: boolean) => run(() => this.settle(reservation, isHeld)),
    };
    const customers = { heldNames: (customerId: string) => run(() => this.accounts.get(customerId)) };
    const decisions = {
      refuse: (claim: Claim, error: OperationError) =>
        run(() => unwrapReply(this.close(claim, businessErrorReply(error)))),
      giveUp: (claim: Claim) =>
        run(() => {
          if (this.options.without !== 'giving up')
            this.close(claim, businessErrorReply(new OperationError('ABANDONED')));
          return this.accounts.get(claim.customerId);
        }),
    };
    const settle = new SettleNames(
      names as unknown as Names,
      customers as unknown as Customers,
      decisions as unknown as Decisions,
    );
    const config = { STOA_RESERVATION_SECONDS: -1 };
    const saga = new NameSaga(names as unknown as Names, settle, decisions as unknown as Decisions, config);
    return { run, names, settle, saga };
  }

  private reserve(name: LoginName, claim: Claim): Reserved {
    const row = this.rows.get(keyOf(name));
    const found = row ? reserve(row, claim, NOW, -1) : 'ours';
    if (found === 'taken') return { is: 'taken' };
    if (found === 'settle' && row) return { is: 'unsettled', by: { ...name, ...row } };
    this.rows.set(keyOf(name), { ...claim, reservation: `${++this.reservations}`, state: 'reserved', reservedAt: NOW });
    return { is: 'ours', reservedAt: NOW };
  }

  private reserved(): Reservation[] {
    return [...this.rows].flatMap(([key, row]) => {
      const [kind, name] = key.split(':') as [NameKind, string];
      const { customerId, token, reservation } = row;
      return row.state === 'reserved' ? [{ kind, name, customerId, token, reservation }] : [];
    });
  }

  private settle(reservation: Reservation, isHeld: boolean): void {
    const key = keyOf(reservation);
    const row = this.rows.get(key);
    if (row?.state !== 'reserved') return;
    if (row.reservation !== reservation.reservation && this.options.without !== 'comparing reservations') return;
    if (isHeld) this.rows.set(key, { ...row, state: 'confirmed' });
    else this.rows.delete(key);
  }

  private close({ token, customerId }: Claim, reply: CommandReply): CommandReply {
    const known = this.inbox.get(token);
    if (known) return known;
    this.inbox.set(token, reply);
    this.publish({ token, customerId });
    return reply;
  }

  private decide(claim: Claim, effect: Effect): CommandReply {
    const known = this.inbox.get(claim.token);
    if (known) return known;
    return this.close(claim, this.apply(claim.customerId, effect));
  }

  private apply(customerId: string, effect: Effect): CommandReply {
    const account = this.accounts.get(customerId);
    if (effect.do === 'create') this.accounts.set(customerId, effect.names);
    else if (effect.do === 'erase') return this.erase(account, customerId, effect.names);
    else if (account?.[effect.kind] !== effect.from) return businessErrorReply(new OperationError('ABANDONED'));
    else if (account) this.accounts.set(customerId, { ...account, [effect.kind]: effect.to });
    return { ok: true, body: '{}' };
  }

  private erase(account: HeldNames | undefined, customerId: string, names: HeldNames): CommandReply {
    if (account?.email !== names.email || account.username !== names.username) {
      return businessErrorReply(new OperationError('ABANDONED'));
    }
    this.accounts.delete(customerId);
    return { ok: true, body: '{}' };
  }

  /** The event of a decision, delivered twice. */
  private publish({ token, customerId }: Claim): void {
    for (let n = 0; n < 2; n += 1) void this.process().settle.ofDecided(token, customerId, [0]);
  }
}

function namesTouched(effect: Effect): LoginName[] {
  if (effect.do !== 'change') return namesOf(effect.names);
  const { kind, from, to } = effect;
  return [to, from].filter((name) => name !== null).map((name) => ({ kind, name }));
}
