import { Injectable } from '@nestjs/common';
import type { InputOf, OutputOf } from '@stoa/contract-kit';
import { problem } from '../http/problem.js';
import type { Identity } from '../identity/identity.js';
import { MySessions } from '../identity/my-sessions.js';
import type { builtinContract } from './contract.js';
import type { BuiltinContext, BuiltinHandler } from './handler.js';

type SignedIn = Extract<Identity, { sessionId: string }>;

/** The caller of an operation that only those may run who have a session. @throws HttpProblem 401 */
export function signedIn({ identity }: BuiltinContext): SignedIn {
  if (identity && 'sessionId' in identity) return identity;
  throw problem('UNAUTHENTICATED', 'Sign in (POST /v1/sessions) and send the access token as Authorization: Bearer');
}

/** Shows the caller's sessions. */
@Injectable()
export class ListSessions implements BuiltinHandler<typeof builtinContract.listSessions> {
  constructor(private readonly sessions: MySessions) {}

  readonly handle = async (
    _input: unknown,
    context: BuiltinContext,
  ): Promise<OutputOf<typeof builtinContract.listSessions>> => {
    const { customerId, sessionId } = signedIn(context);
    const items = (await this.sessions.list(customerId)).map((session) => ({
      sessionId: session.id,
      isCurrent: session.id === sessionId,
      startedAt: session.created_at.toISOString(),
      usedAt: session.used_at?.toISOString() ?? null,
      expiresAt: session.expires_at.toISOString(),
      address: session.address,
      userAgent: session.user_agent,
    }));
    return { items };
  };
}

/** Ends one of the caller's sessions. */
@Injectable()
export class EndSession implements BuiltinHandler<typeof builtinContract.endSession> {
  constructor(private readonly sessions: MySessions) {}

  readonly handle = async (
    { sessionId }: InputOf<typeof builtinContract.endSession>,
    context: BuiltinContext,
  ): Promise<Record<string, never>> => {
    if (await this.sessions.endOne(signedIn(context).customerId, sessionId)) return {};
    throw problem('NOT_FOUND', 'You have no such session (any more); GET /v1/me/sessions lists them');
  };
}

/** Ends all of the caller's sessions but the one that asks. */
@Injectable()
export class EndOtherSessions implements BuiltinHandler<typeof builtinContract.endOtherSessions> {
  constructor(private readonly sessions: MySessions) {}

  readonly handle = async (_input: unknown, context: BuiltinContext): Promise<Record<string, never>> => {
    await this.sessions.endOthers(signedIn(context));
    return {};
  };
}
