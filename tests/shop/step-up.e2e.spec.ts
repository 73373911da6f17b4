import { get, del, expectStatus, post } from '../support/shop.js';
import { sql, superuserUrl } from '../support/servers.js';

interface Api {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId?: string }>>>>;
}

const METHODS = ['post', 'put', 'delete'] as const;

/** The operations on shards that change something, as the shop documents them, each with a path that leads nowhere. */
async function shardOperations(): Promise<{ method: (typeof METHODS)[number]; path: string }[]> {
  const { paths } = (await get('/openapi.json')).body as unknown as Api;
  return Object.entries(paths).flatMap(([path, operations]) =>
    METHODS.filter((method) => operations[method]?.operationId?.startsWith('shards.')).map((method) => ({
      method,
      path: path.replace(/\{id\}/g, '01a22f2a-cd0c-7f0f-97d2-0396dcf003f0').replace(/\{\w+\}/g, 'nowhere'),
    })),
  );
}

const sessionOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sid: string }).sid;

describe('operations on shards', () => {
  it('ask an owner who proved who they are eleven minutes ago to do so again', async () => {
    const { STOA_OPERATOR_EMAIL: email, STOA_OPERATOR_PASSWORD: password } = process.env;
    const session = expectStatus(await post('/v1/sessions', { email, password }), 201).body;
    const aged = `UPDATE sessions SET proved_at = now() - interval '11 min' WHERE id = $1 RETURNING id`;
    expect(await sql(await superuserUrl('main', 'gateway'), aged, [sessionOf(session.accessToken)])).toHaveLength(1);
    const old = expectStatus(await post('/v1/sessions/refresh', { refreshToken: session.refreshToken }), 201).body;

    const operations = await shardOperations();
    expect(operations.length).toBeGreaterThanOrEqual(10);
    const ask = ({ method, path }: (typeof operations)[number], token: string) =>
      method === 'delete' ? del(path, { token }) : post(path, {}, { token });
    for (const operation of operations) {
      const { status, body } = await ask(operation, old.accessToken);
      expect([operation, status, body.code]).toEqual([operation, 401, 'REAUTHENTICATION_REQUIRED']);
    }
    // Reading goes on.
    expectStatus(await get('/v1/shards', { token: old.accessToken }), 200);

    const wrong = await post('/v1/sessions/current/proof', { password: 'not it' }, { token: old.accessToken });
    expectStatus(wrong, 403);
    const proved = await post('/v1/sessions/current/proof', { password }, { token: old.accessToken });
    const { accessToken } = expectStatus(proved, 201).body;
    // Nothing is asked but what its input lacks. Others might do what they are for.
    expectStatus(await post('/v1/shards', {}, { token: accessToken }), 400);
  });
});
