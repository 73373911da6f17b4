import { Inject, Injectable } from '@nestjs/common';
import type { OutputOf } from '@stoa/contract-kit';
import type { Flow, FlowContext } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { CONFIG } from '@stoa/service';
import type { ProfileConfig } from '../config.js';
import { sourceOf, type Source } from '../domain/lock-out.js';
import { nameTyped, type LoginName } from '../domain/login-name.js';
import { RolesOf } from '../operators/roles-of.js';
import { CheckCode } from '../second-factor/check-code.js';
import type { Who } from '../storage/credentials.js';
import { Customers } from '../storage/customers.js';
import { Names } from '../storage/names.js';
import { UnknownNames } from './unknown-names.js';
import { ProvePassword } from '../passwords/prove-password.js';

type CheckCredentialsFlow = Flow<typeof profile.checkCredentials>;

const lockedOut = (flow: FlowContext<typeof profile.checkCredentials>, forSeconds: number): never =>
  flow.fail('LOCKED_OUT', `Too many wrong passwords: try again in ${forSeconds} seconds`, {
    retryAfterSeconds: forSeconds,
  });

/**
 * A flow, because hashing takes too long to hold a transaction open, and because the name and the credential are in
 * different buckets: a name that is only reserved signs in too, once the account has it. Names that nobody has are
 * locked out in the same way, in memory: counting them in the database would let strangers fill it.
 */
@Injectable()
export class CheckCredentials implements CheckCredentialsFlow {
  constructor(
    private readonly names: Names,
    private readonly passwords: ProvePassword,
    private readonly unknown: UnknownNames,
    private readonly roles: RolesOf,
    private readonly codes: CheckCode,
    private readonly customers: Customers,
    @Inject(CONFIG) private readonly config: Pick<
      ProfileConfig,
      'OWNER_SECOND_FACTOR' | 'SIGN_IN_NEEDS_VERIFIED_EMAIL'
    >,
  ) {}

  readonly run: CheckCredentialsFlow['run'] = async ({ email, password, from, code }, flow) => {
    const name = nameTyped(email);
    const customerId = await this.accountOf(name);
    const device = from?.device;
    // A device is known to the account that it signed in to, and a stranger to all others.
    const source = sourceOf(from?.network, device?.customerId === customerId ? device?.id : undefined);
    const lockedFor = customerId === undefined ? this.unknown.lockedForSeconds(name.name, source) : 0;
    if (lockedFor > 0) return lockedOut(flow, lockedFor);
    const proof = await this.passwords.prove(customerId, password, source, name);
    if (proof.kind === 'locked') return lockedOut(flow, proof.forSeconds);
    if (proof.kind === 'proved') return this.behindPassword(proof.who, code, flow);
    if (proof.lockedOut !== undefined) await this.notify(flow, proof.lockedOut, source);
    return flow.fail('WRONG_CREDENTIALS', 'The name or the password is wrong');
  };

  /** An account that may not be signed in to yet is nobody's: else a registration would show who has one already. */
  private async accountOf(name: LoginName): Promise<string | undefined> {
    const customerId = await this.names.find(name);
    if (customerId === undefined || !this.config.SIGN_IN_NEEDS_VERIFIED_EMAIL) return customerId;
    const customer = await this.customers.read(customerId);
    if (!customer) return undefined;
    const isCustomer = customer.role === 'customer' && !customer.isOperator;
    return isCustomer && customer.verifiedEmail !== customer.email ? undefined : customerId;
  }

  private async behindPassword(
    who: Who,
    code: string | undefined,
    { fail }: FlowContext<typeof profile.checkCredentials>,
  ): Promise<OutputOf<typeof profile.checkCredentials>> {
    if (!who.hasSecondFactor) return this.standing(who);
    await this.codes.demand(who.customerId, code, fail);
    return this.standing(who);
  }

  /** `role` says `operator` of owners only: gateways that know no roles must not take another for one. */
  private async standing(who: Who): Promise<OutputOf<typeof profile.checkCredentials>> {
    const { customerId, role, displayName, version } = who;
    const roles = await this.roles.find(who);
    if (!roles) return { customerId, role, displayName, version };
    // A customer until they have one: so they can sign in to enrol it.
    const lacksFactor = this.config.OWNER_SECOND_FACTOR && roles.includes('owner') && !who.hasSecondFactor;
    if (lacksFactor) return { customerId, role: 'customer', roles: [], displayName, version };
    const shown = roles.includes('owner') ? 'operator' : 'customer';
    return { customerId, role: shown, roles: [...roles], displayName, version };
  }

  private async notify(
    flow: FlowContext<typeof profile.checkCredentials>,
    customerId: string,
    { network }: Source,
  ): Promise<void> {
    await flow.step('notice', profile.noteSignInsLocked, { customerId, network });
  }
}
