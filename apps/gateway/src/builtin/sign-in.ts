import { Inject, Injectable } from '@nestjs/common';
import type { InputOf, OutputOf } from '@stoa/contract-kit';
import { newId, type Caller } from '@stoa/messaging';
import { CONFIG } from '@stoa/service';
import type { GatewayConfig } from '../config.js';
import { Contracts } from '../services/contracts.js';
import { NOBODY } from '../identity/identity.js';
import { Sessions, type Role } from '../identity/sessions.js';
import { Tokens } from '../identity/tokens.js';
import { problem } from '../http/problem.js';
import { CallOperation } from '../calls/call-operation.js';
import type { builtinContract } from './contract.js';
import type { BuiltinContext, BuiltinHandler } from './handler.js';
import { sessionTokens } from './session-tokens.js';
import { SignInHooks } from './sign-in-hooks.js';

interface Credentials {
  readonly customerId: string;
  readonly role: Role;
  readonly displayName: string;
}

/** Has the credentials checked, lets the services take over what the guest had, and starts a session. */
@Injectable()
export class SignIn implements BuiltinHandler<typeof builtinContract.signIn> {
  constructor(
    private readonly contracts: Contracts,
    private readonly call: CallOperation,
    private readonly hooks: SignInHooks,
    private readonly sessions: Sessions,
    private readonly tokens: Tokens,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'CREDENTIALS_SERVICE'>,
  ) {}

  readonly handle = async (
    input: InputOf<typeof builtinContract.signIn>,
    { identity, trace }: BuiltinContext,
  ): Promise<OutputOf<typeof builtinContract.signIn>> => {
    const { customerId, role, displayName } = await this.check(input, trace);
    const caller: Caller = { kind: role, customerId };
    const guestId = identity?.kind === 'guest' ? identity.customerId : null;
    await this.hooks.run('sign-in', caller, { guestId }, trace);
    return sessionTokens(this.tokens, await this.sessions.start(customerId, role, displayName));
  };

  /** Calls the one operation that the gateway knows by name. @throws HttpProblem with the contract's status */
  private async check(
    input: InputOf<typeof builtinContract.signIn>,
    trace: BuiltinContext['trace'],
  ): Promise<Credentials> {
    const service = this.config.CREDENTIALS_SERVICE;
    const operation = this.contracts.table.operation(`${service}.checkCredentials`);
    if (!operation) throw problem('UNAVAILABLE', `Nobody can sign in while no contract of ${service} is known`);
    const reply = await this.call.run({ operation, input, caller: NOBODY, id: newId(), trace });
    return JSON.parse(reply.body.toString('utf8')) as Credentials;
  }
}
