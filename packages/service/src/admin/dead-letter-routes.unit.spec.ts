import { createLogger } from '../logs/logger.js';
import { deadLetterRoutes } from './dead-letter-routes.js';

const TOKEN = 'a token only for tests, long enough';
const logger = createLogger({ service: 'test', clone: 'test-1', level: 'silent' });

const asked = async (line: string, authorization?: string, token: string | undefined = TOKEN) => {
  const touched: string[] = [];
  const note = (what: string, at: object): void => void touched.push(`${what} ${JSON.stringify(at)}`);
  const letters = {
    list: async (limit: number, after?: object) => (note(`list ${limit}`, after ?? {}), { items: [], next: null }),
    find: async (at: object) => (note('find', at), undefined),
    topicsOf: async (key: string) => (note('topicsOf', { key }), []),
    replay: async () => ({ replayed: 0, failed: undefined }),
    drop: async () => false,
  };
  const [method = '', target = ''] = line.split(' ');
  const { pathname: path, searchParams: query } = new URL(target, 'http://admin');
  const routes = deadLetterRoutes({ token, deadLetters: () => letters, logger });
  const response = await routes({ method, path, query, authorization });
  return { status: response?.status, touched };
};

describe('deadLetterRoutes', () => {
  const every = [
    'GET /dead-letters',
    'GET /dead-letters/0-1',
    'DELETE /dead-letters/0-1',
    'POST /dead-letters/0-1/replay',
    'POST /dead-letters/replay?key=k',
  ];

  it.each(every)('%s is closed while there is no token', async (line) => {
    for (const authorization of [undefined, '', 'Bearer ', 'Bearer undefined']) {
      const routes = deadLetterRoutes({ token: undefined, deadLetters: () => undefined, logger });
      const [method = '', path = ''] = line.split(' ');
      expect(await routes({ method, path, query: new URLSearchParams(), authorization })).toMatchObject({
        status: 403,
      });
    }
  });

  it.each(every)('%s touches nothing without the right token', async (line) => {
    for (const authorization of [undefined, '', 'Bearer', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN]) {
      expect(await asked(line, authorization)).toEqual({ status: 401, touched: [] });
    }
  });

  it('finds a dead letter by bucket and id, and takes nothing else for one', async () => {
    const { touched } = await asked('GET /dead-letters/17-9223372036854775807', `Bearer ${TOKEN}`);
    expect(touched).toEqual(['find {"bucket":17,"id":"9223372036854775807"}']);
    for (const name of ['x', '1', '1-', '-1', '1-2-3', '32768-1', '1-9223372036854775808', '1-1%20', '0x1-1']) {
      for (const line of [`GET /dead-letters/${name}`, `DELETE /dead-letters/${name}`]) {
        expect(await asked(line, `Bearer ${TOKEN}`)).toEqual({ status: 404, touched: [] });
      }
    }
  });

  it.each([
    ['GET /dead-letters?limit=5&after=3-4', 200, ['list 5 {"bucket":3,"id":"4"}']],
    ['GET /dead-letters?limit=0', 400, []],
    ['GET /dead-letters?limit=1001', 400, []],
    ['GET /dead-letters?limit=1.5', 400, []],
    ['GET /dead-letters?after=x', 400, []],
    ['POST /dead-letters/replay', 400, []],
    ['POST /dead-letters/replay?key=', 400, []],
    ['POST /dead-letters/replay?key=a%20b', 200, ['topicsOf {"key":"a b"}']],
    ['POST /dead-letters', 405, []],
    ['PUT /dead-letters/0-1', 405, []],
    ['POST /dead-letters/0-1/drop', 405, []],
    ['GET /dead-letters/0-1/replay', 405, []],
    ['GET /dead-letters/0-1/replay/again', 405, []],
    ['GET /dead-lettersx', undefined, []],
    ['GET /metrics', undefined, []],
  ])('%s gets %s', async (line, status, touched) => {
    expect(await asked(line, `Bearer ${TOKEN}`)).toEqual({ status, touched });
  });
});
