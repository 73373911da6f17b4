import { Inject, Injectable } from '@nestjs/common';
import type { InputOf, OutputOf } from '@stoa/contract-kit';
import { newId } from '@stoa/messaging';
import { CONFIG } from '@stoa/service';
import { CallOperation } from '../calls/call-operation.js';
import type { GatewayConfig } from '../config.js';
import { problem } from '../http/problem.js';
import { callerOf } from '../identity/identity.js';
import { ACCESS_TOKEN_SECONDS } from '../identity/key-schedule.js';
import { MySessions } from '../identity/my-sessions.js';
import { Tokens } from '../identity/tokens.js';
import { Contracts } from '../services/contracts.js';
import type { builtinContract } from './contract.js';
import type { BuiltinContext, BuiltinHandler } from './handler.js';
import { signedIn } from './my-sessions.js';

/** Has the caller's password checked once more, and gives them an access token that says so. */
@Injectable()
export class ProveIdentity implements BuiltinHandler<typeof builtinContract.proveIdentity> {
  constructor(
    private readonly contracts: Contracts,
    private readonly call: CallOperation,
    private readonly sessions: MySessions,
    private readonly tokens: Tokens,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'CREDENTIALS_SERVICE'>,
  ) {}

  readonly handle = async (
    input: InputOf<typeof builtinContract.proveIdentity>,
    context: BuiltinContext,
  ): Promise<OutputOf<typeof builtinContract.proveIdentity>> => {
    const identity = signedIn(context);
    const service = this.config.CREDENTIALS_SERVICE;
    const operation = this.contracts.table.operation(`${service}.provePassword`);
    if (!operation)
      throw problem('UNAVAILABLE', `Passwords cannot be checked while no contract of ${service} is known`);
    await this.call.run({ operation, input, caller: callerOf(identity), id: newId(), trace: context.trace });
    const { token } = await this.tokens.issue({ ...identity, provedAt: await this.sessions.prove(identity.sessionId) });
    return { accessToken: token, tokenType: 'Bearer', expiresIn: ACCESS_TOKEN_SECONDS };
  };
}
