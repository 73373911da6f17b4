import { Inject, Injectable } from '@nestjs/common';
import type { InputOf } from '@stoa/contract-kit';
import { newId } from '@stoa/messaging';
import { CONFIG } from '@stoa/service';
import { CallOperation } from '../calls/call-operation.js';
import type { GatewayConfig } from '../config.js';
import { HttpProblem, problem } from '../http/problem.js';
import { Devices, type Device } from '../identity/devices.js';
import { NOBODY, type Identity } from '../identity/identity.js';
import type { SignedIn } from '../identity/sessions.js';
import { standingFrom } from '../roles/standing.js';
import { networkOf } from '../limits/network-of.js';
import { RateLimits } from '../limits/rate-limits.js';
import { Strangers } from '../limits/strangers.js';
import { Contracts } from '../services/contracts.js';
import type { Fields, Operation } from '../services/operation.js';
import { BUILTIN_SERVICE, type builtinContract } from './contract.js';
import type { BuiltinContext } from './handler.js';

type SignInInput = InputOf<typeof builtinContract.signIn>;

/** A customer whose password was right, and the device that they signed in on before. */
export interface Checked extends SignedIn {
  readonly device: Device | undefined;
}

const deviceOf = (identity: Identity | undefined): Device | undefined =>
  identity && 'sessionId' in identity ? { id: identity.sessionId, customerId: identity.customerId } : undefined;

/**
 * CheckSignIn has the credentials of a sign-in checked by the service that knows them. Sign-ins on a device that was
 * there before are counted by themselves; all others share what strangers may take.
 */
@Injectable()
export class CheckSignIn {
  constructor(
    private readonly contracts: Contracts,
    private readonly call: CallOperation,
    private readonly devices: Devices,
    private readonly limits: RateLimits,
    private readonly strangers: Strangers,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'CREDENTIALS_SERVICE'>,
  ) {}

  /** @throws HttpProblem with the contract's status, 429 or 503 */
  async run({ deviceToken, code, ...credentials }: SignInInput, context: BuiltinContext): Promise<Checked> {
    const device = (await this.devices.read(deviceToken)) ?? deviceOf(context.identity);
    const signIn = this.contracts.table.operation(`${BUILTIN_SERVICE}.signIn`);
    // By the account of the device: who has one account gets as many device tokens as they like.
    if (signIn) await this.limits.takeSignIn(signIn, credentials.email, device?.customerId);
    const check = (): Promise<SignedIn> =>
      this.check({ ...credentials, ...(code !== undefined && { code }) }, device, context);
    const checked = await (device ? check() : this.strangers.run(check));
    return { ...checked, device: device?.customerId === checked.customerId ? device : undefined };
  }

  /** Calls the one operation that the gateway knows by name. */
  private async check(credentials: Fields, device: Device | undefined, context: BuiltinContext): Promise<SignedIn> {
    const service = this.config.CREDENTIALS_SERVICE;
    const operation = this.contracts.table.operation(`${service}.checkCredentials`);
    if (!operation) throw problem('UNAVAILABLE', `Nobody can sign in while no contract of ${service} is known`);
    const from = { network: networkOf(context.client.address), ...(device && { device }) };
    const takesFrom = operation.properties['from'] !== undefined;
    const ask = (input: Fields, contractVersion?: number) => this.ask(operation, input, context, contractVersion);
    if (!takesFrom) return ask(credentials);
    return ask({ ...credentials, from }).catch((error: unknown) => {
      // A clone of the version before, which counts by account alone.
      if (!(error instanceof HttpProblem) || error.code !== 'UNSUPPORTED_CONTRACT_VERSION') throw error;
      return ask(credentials, operation.document.since - 1);
    });
  }

  private async ask(
    operation: Operation,
    input: Fields,
    { trace }: BuiltinContext,
    contractVersion: number | undefined,
  ): Promise<SignedIn> {
    const version = contractVersion === undefined ? {} : { contractVersion };
    const reply = await this.call.run({ operation, input, caller: NOBODY, id: newId(), trace, ...version });
    const signedIn = JSON.parse(reply.body.toString('utf8')) as SignedIn;
    const { customerId, displayName } = signedIn;
    return { customerId, displayName, version: signedIn.version, ...standingFrom(signedIn) };
  }
}
