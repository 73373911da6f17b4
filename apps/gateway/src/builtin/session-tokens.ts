import { ACCESS_TOKEN_SECONDS } from '../identity/key-schedule.js';
import type { SessionState } from '../identity/sessions.js';
import type { Tokens } from '../identity/tokens.js';

/** The output of sign-in and refresh: a new access token, and the refresh token that comes after it. */
export async function sessionTokens(tokens: Tokens, session: SessionState, deviceToken?: string) {
  const { sessionId, customerId, role, roles, displayName, refreshToken, provedAt } = session;
  const { token } = await tokens.issue({ kind: role, customerId, sessionId, provedAt, ...(roles && { roles }) });
  return {
    accessToken: token,
    refreshToken,
    tokenType: 'Bearer' as const,
    expiresIn: ACCESS_TOKEN_SECONDS,
    customerId,
    role,
    ...(role === 'operator' && { roles: [...(roles ?? ['owner'])] }),
    displayName,
    ...(deviceToken !== undefined && { deviceToken }),
  };
}
