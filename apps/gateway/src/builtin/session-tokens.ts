import { ACCESS_TOKEN_SECONDS } from '../identity/key-schedule.js';
import type { SessionState } from '../identity/sessions.js';
import type { Tokens } from '../identity/tokens.js';

/** What sign-in and refresh answer: a new access token, and the refresh token that comes after it. */
export async function sessionAnswer(tokens: Tokens, session: SessionState) {
  const { sessionId, customerId, role, displayName, refreshToken } = session;
  const { token } = await tokens.issue({ kind: role, customerId, sessionId });
  return {
    accessToken: token,
    refreshToken,
    tokenType: 'Bearer' as const,
    expiresIn: ACCESS_TOKEN_SECONDS,
    customerId,
    role,
    displayName,
  };
}
