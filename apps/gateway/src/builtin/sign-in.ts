import { Injectable } from '@nestjs/common';
import type { InputOf, OutputOf } from '@stoa/contract-kit';
import { newId, type Caller } from '@stoa/messaging';
import { Devices } from '../identity/devices.js';
import { Sessions } from '../identity/sessions.js';
import { Tokens } from '../identity/tokens.js';
import { CheckSignIn } from './check-sign-in.js';
import type { builtinContract } from './contract.js';
import type { BuiltinContext, BuiltinHandler } from './handler.js';
import { sessionTokens } from './session-tokens.js';
import { SignInHooks } from './sign-in-hooks.js';

/** Has the credentials checked, lets the services take over what the guest had, and starts a session. */
@Injectable()
export class SignIn implements BuiltinHandler<typeof builtinContract.signIn> {
  constructor(
    private readonly credentials: CheckSignIn,
    private readonly hooks: SignInHooks,
    private readonly sessions: Sessions,
    private readonly tokens: Tokens,
    private readonly devices: Devices,
  ) {}

  readonly handle = async (
    input: InputOf<typeof builtinContract.signIn>,
    context: BuiltinContext,
  ): Promise<OutputOf<typeof builtinContract.signIn>> => {
    const { device, ...customer } = await this.credentials.run(input, context);
    const { customerId, role, roles } = customer;
    const { identity, trace } = context;
    const caller: Caller = { kind: role, customerId, ...(roles && { roles }) };
    const guestId = identity?.kind === 'guest' ? identity.customerId : null;
    await this.hooks.run('sign-in', caller, { guestId }, trace);
    const deviceId = device?.id ?? newId();
    const session = await this.sessions.start(customer, context.client, deviceId);
    return sessionTokens(this.tokens, session, await this.devices.issue(customerId, deviceId));
  };
}
