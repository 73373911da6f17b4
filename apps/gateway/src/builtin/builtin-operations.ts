import { Injectable } from '@nestjs/common';
import { HttpProblem } from '../http/problem.js';
import type { Fields } from '../services/operation.js';
import type { BuiltinContext, BuiltinHandlers } from './handler.js';
import { ListAudit } from './list-audit.js';
import { ListContracts } from './list-contracts.js';
import { RefreshSession } from './refresh-session.js';
import { SignIn } from './sign-in.js';
import { SignOut } from './sign-out.js';
import { StartGuest } from './start-guest.js';

type AnyHandle = (input: Fields, context: BuiltinContext) => Promise<unknown>;

/** The builtin operations and their handlers: a missing or swapped handler does not compile. */
@Injectable()
export class BuiltinOperations {
  private readonly handlers: BuiltinHandlers;

  constructor(
    startGuest: StartGuest,
    signIn: SignIn,
    refreshSession: RefreshSession,
    signOut: SignOut,
    listContracts: ListContracts,
    listAudit: ListAudit,
  ) {
    this.handlers = { startGuest, signIn, refreshSession, signOut, listContracts, listAudit };
  }

  /** @param input validated against the operation's contract. @returns its output. @throws HttpProblem */
  async run(name: string, input: Fields, context: BuiltinContext): Promise<unknown> {
    const handler = (this.handlers as Readonly<Record<string, { handle: unknown } | undefined>>)[name];
    if (!handler) throw new HttpProblem(500, 'INTERNAL', `Nobody answers ${name}`);
    return (handler.handle as AnyHandle)(input, context);
  }
}

/** Operations that take callers with an expired token too: they replace it. */
export const TAKES_ANY_TOKEN: ReadonlySet<string> = new Set(['signIn', 'refreshSession']);
