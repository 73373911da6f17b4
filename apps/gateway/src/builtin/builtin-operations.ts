import { Injectable } from '@nestjs/common';
import { HttpProblem } from '../http/problem.js';
import type { Fields } from '../input/build-input.js';
import type { OwnContext, OwnHandlers } from './handler.js';
import { ListContracts } from './list-contracts.js';
import { RefreshSession } from './refresh-session.js';
import { SignIn } from './sign-in.js';
import { SignOut } from './sign-out.js';
import { StartGuest } from './start-guest.js';

type AnyHandle = (input: Fields, context: OwnContext) => Promise<unknown>;

/** The gateway's own operations and who answers them: a missing or swapped handler does not compile. */
@Injectable()
export class OwnOperations {
  private readonly handlers: OwnHandlers;

  constructor(
    startGuest: StartGuest,
    signIn: SignIn,
    refreshSession: RefreshSession,
    signOut: SignOut,
    listContracts: ListContracts,
  ) {
    this.handlers = { startGuest, signIn, refreshSession, signOut, listContracts };
  }

  /** @param input validated against the operation's contract. @throws HttpProblem */
  async run(name: string, input: Fields, context: OwnContext): Promise<unknown> {
    const handler = (this.handlers as Readonly<Record<string, { handle: unknown } | undefined>>)[name];
    if (!handler) throw new HttpProblem(500, 'INTERNAL', `Nobody answers ${name}`);
    return (handler.handle as AnyHandle)(input, context);
  }
}

/** They take whoever comes, also with a token that has expired: it is replaced here. */
export const TAKES_ANY_TOKEN: ReadonlySet<string> = new Set(['signIn', 'refreshSession']);
