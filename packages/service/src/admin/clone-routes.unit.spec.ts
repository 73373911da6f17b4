import { createLogger } from '../logs/logger.js';
import { cloneRoutes } from './clone-routes.js';

const TOKEN = 'a token only for tests, long enough';
const logger = createLogger({ service: 'test', clone: 'test-1', level: 'silent' });

interface Asked {
  readonly authorization?: string | undefined;
  readonly token?: string | undefined;
  readonly listens?: boolean;
}

const asked = async (line: string, { authorization, token, listens = true }: Asked = {}) => {
  const buried: string[] = [];
  const bury = async (clone: string): Promise<number> => buried.push(clone);
  const [method = '', path = ''] = line.split(' ');
  const routes = cloneRoutes({ token, bury: () => (listens ? bury : undefined), logger });
  const answer = await routes({ method, path, query: new URLSearchParams(), authorization });
  return { answer, buried };
};

describe('cloneRoutes', () => {
  const right = { authorization: `Bearer ${TOKEN}`, token: TOKEN };

  it('buries the clone that is named, and says how many memberships it had', async () => {
    const { answer, buried } = await asked('DELETE /clones/cart-12', right);
    expect(answer).toEqual({ status: 200, body: { clone: 'cart-12', memberships: 1 } });
    expect(buried).toEqual(['cart-12']);
  });

  it.each([
    ['no token of its own', { authorization: 'Bearer undefined' }, 403],
    ['another token', { authorization: `Bearer ${TOKEN}x`, token: TOKEN }, 401],
    ['no authorization', { token: TOKEN }, 401],
  ])('buries nobody with %s', async (_, how, status) => {
    const { answer, buried } = await asked('DELETE /clones/cart-1', how);
    expect({ status: answer?.status, buried }).toEqual({ status, buried: [] });
  });

  it('says when it cannot do it yet, and when something else is asked', async () => {
    expect((await asked('DELETE /clones/cart-1', { ...right, listens: false })).answer?.status).toBe(503);
    expect((await asked('GET /clones/cart-1', right)).answer?.status).toBe(405);
  });

  it.each(['DELETE /clones', 'DELETE /clones/', 'DELETE /clones/a/b', 'DELETE /clones/a%20b', 'GET /dead-letters'])(
    'leaves %s to others',
    async (line) => expect((await asked(line, right)).answer).toBeUndefined(),
  );
});
