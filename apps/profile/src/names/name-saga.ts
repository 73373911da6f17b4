import { Inject, Injectable } from '@nestjs/common';
import { OperationError, type Command, type InputOf, type OutputOf } from '@stoa/contract-kit';
import type { FlowContext } from '@stoa/messaging';
import { CONFIG } from '@stoa/service';
import type { ProfileConfig } from '../config.js';
import type { LoginName, NameKind } from '../domain/login-name.js';
import { decidableUntil, type Claim } from '../domain/reservation.js';
import { Decisions } from '../storage/decisions.js';
import { Names } from '../storage/names.js';
import { SettleNames } from './settle-names.js';

/** The step in which it is decided, in the customer's bucket. */
export const DECIDE = 'decide';

const TAKEN: Readonly<Record<NameKind, OperationError>> = {
  email: new OperationError('EMAIL_TAKEN', 'There is an account with this e-mail address already'),
  username: new OperationError('USERNAME_TAKEN', 'There is an account with this username already'),
};

/** Settling another's reservation frees its name, or shows that it is taken; a third may be quicker. */
const TRIES = 5;

/**
 * The step had been decided before these names were reserved for it: its event is over, and nobody else will settle
 * them soon.
 */
const DECIDED_BEFORE = new Set(['ABANDONED', 'IDEMPOTENCY_KEY_REUSED']);

/** A command that changes the names of a customer. */
export interface NameChange<C extends Command> {
  readonly customerId: string;
  readonly command: C;
  readonly input: InputOf<C>;
  /** All names that the customer may gain or lose by it. */
  readonly names: readonly LoginName[];
  /** The command's input if such a name is another's, and nobody is to learn that by its reply. */
  readonly unsaid?: { readonly kind: NameKind; readonly input: InputOf<C> };
}

/**
 * Reserve → decide → settle: the saga of every command that gives a customer a name or takes one. All names that it
 * touches are reserved first, those that it gives up too, each in its own bucket; then one transaction in the
 * customer's bucket decides; then its event settles the names: what the customer holds is confirmed, what they don't
 * hold is free. If any of it dies, the reservations expire: see ExpireReservations.
 */
@Injectable()
export class NameSaga {
  private readonly expiryMs: number;

  constructor(
    private readonly names: Names,
    private readonly settle: SettleNames,
    private readonly decisions: Decisions,
    @Inject(CONFIG) { STOA_RESERVATION_SECONDS: seconds }: Pick<ProfileConfig, 'STOA_RESERVATION_SECONDS'>,
  ) {
    this.expiryMs = seconds * 1000;
  }

  /** @throws OperationError EMAIL_TAKEN, USERNAME_TAKEN, ABANDONED, or what the command refuses with. */
  async run<C extends Command>(flow: FlowContext<Command>, change: NameChange<C>): Promise<OutputOf<C>> {
    const claim: Claim = { customerId: change.customerId, token: flow.stepId(DECIDE) };
    const { names, unsaid, input } = change;
    const reserved = await this.reserveAll(names, claim);
    if (!('taken' in reserved)) return this.decide(flow, claim, change, input, reserved.until);
    if (reserved.taken !== unsaid?.kind) return this.refuse(claim, change, reserved.taken);
    // The others have to be free as if this one were: which is said, too.
    const others = names.filter(({ kind }) => kind !== unsaid.kind);
    const rest = await this.reserveAll(others, claim);
    if ('taken' in rest) return this.refuse(claim, change, rest.taken);
    return this.decide(flow, claim, change, unsaid.input, others.length > 0 ? rest.until : undefined);
  }

  private refuse<C extends Command>(claim: Claim, { names }: NameChange<C>, taken: NameKind): Promise<OutputOf<C>> {
    return this.decisions.refuse(claim, TAKEN[taken], this.bucketsOf(names));
  }

  private async decide<C extends Command>(
    flow: FlowContext<Command>,
    claim: Claim,
    change: NameChange<C>,
    input: InputOf<C>,
    until: Date | undefined,
  ): Promise<OutputOf<C>> {
    try {
      return await flow.step(DECIDE, change.command, input, until && { until });
    } catch (error) {
      if (!(error instanceof OperationError && DECIDED_BEFORE.has(error.code))) throw error;
      await this.settle.ofDecided(claim.token, claim.customerId, this.bucketsOf(change.names));
      // A name was free at one try and another's at the next: what was decided first holds.
      const other = input === change.input ? change.unsaid?.input : change.input;
      if (other === undefined || error.code !== 'IDEMPOTENCY_KEY_REUSED') throw error;
      return flow.step(DECIDE, change.command, other);
    }
  }

  /** The buckets of a change's names, which its event holds. */
  bucketsOf(names: readonly LoginName[]): number[] {
    return names.map((name) => this.names.bucketOf(name));
  }

  /**
   * Reserves names for a command, until it is decided.
   * @returns how long it may rely on them, or which is another's.
   */
  async reserveAll(
    names: readonly LoginName[],
    claim: Claim,
  ): Promise<{ readonly until: Date } | { readonly taken: NameKind }> {
    let first: Date | undefined;
    for (const name of names) {
      const reservedAt = await this.reserveOne(name, claim);
      if (!reservedAt) return { taken: name.kind };
      if (!first || reservedAt < first) first = reservedAt;
    }
    return { until: decidableUntil(first ?? new Date(0)) };
  }

  private async reserveOne(name: LoginName, claim: Claim): Promise<Date | undefined> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const found = await this.names.reserve(name, claim, this.expiryMs);
      if (found.is === 'ours') return found.reservedAt;
      if (found.is === 'taken') return undefined;
      await this.settle.ofAbandoned(found.by);
    }
    return undefined;
  }
}
