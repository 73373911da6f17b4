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
  const evicted: string[] = [];
  const evict = async (clone: string): Promise<number> => evicted.push(clone);
  const [method = '', path = ''] = line.split(' ');
  const routes = cloneRoutes({ token, evict: () => (listens ? evict : undefined), logger });
  const response = await routes({ method, path, query: new URLSearchParams(), authorization });
  return { response, evicted };
};

describe('cloneRoutes', () => {
  const right = { authorization: `Bearer ${TOKEN}`, token: TOKEN };

  it('evicts the clone that is named, and says how many memberships it had', async () => {
    const { response, evicted } = await asked('DELETE /clones/cart-12', right);
    expect(response).toEqual({ status: 200, body: { clone: 'cart-12', memberships: 1 } });
    expect(evicted).toEqual(['cart-12']);
  });

  it.each([
    ['no token of its own', { authorization: 'Bearer undefined' }, 403],
    ['another token', { authorization: `Bearer ${TOKEN}x`, token: TOKEN }, 401],
    ['no authorization', { token: TOKEN }, 401],
  ])('evicts nobody with %s', async (_, how, status) => {
    const { response, evicted } = await asked('DELETE /clones/cart-1', how);
    expect({ status: response?.status, evicted }).toEqual({ status, evicted: [] });
  });

  it('says when it cannot do it yet, and when something else is asked', async () => {
    expect((await asked('DELETE /clones/cart-1', { ...right, listens: false })).response?.status).toBe(503);
    expect((await asked('GET /clones/cart-1', right)).response?.status).toBe(405);
  });

  it.each(['DELETE /clones', 'DELETE /clones/', 'DELETE /clones/a/b', 'DELETE /clones/a%20b', 'GET /dead-letters'])(
    'leaves %s to others',
    async (line) => expect((await asked(line, right)).response).toBeUndefined(),
  );
});
