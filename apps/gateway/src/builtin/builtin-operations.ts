import { Injectable } from '@nestjs/common';
import { HttpProblem } from '../http/problem.js';
import type { Fields } from '../services/operation.js';
import type { BuiltinContext, BuiltinHandlers } from './handler.js';
import { ListAudit } from './list-audit.js';
import { ListContracts } from './list-contracts.js';
import { EndOtherSessions, EndSession, ListSessions } from './my-sessions.js';
import { ProveIdentity } from './prove-identity.js';
import { GetMyPersonalData, GetPersonalData } from './personal-data.js';
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
    proveIdentity: ProveIdentity,
    listSessions: ListSessions,
    endSession: EndSession,
    endOtherSessions: EndOtherSessions,
    listContracts: ListContracts,
    listAudit: ListAudit,
    getMyPersonalData: GetMyPersonalData,
    getPersonalData: GetPersonalData,
  ) {
    const sessions = { proveIdentity, listSessions, endSession, endOtherSessions };
    const personalData = { getMyPersonalData, getPersonalData };
    const known = { listContracts, listAudit };
    this.handlers = { startGuest, signIn, refreshSession, signOut, ...sessions, ...known, ...personalData };
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
