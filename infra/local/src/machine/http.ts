import { request as ask, type RequestOptions } from 'node:http';

export interface HttpAnswer {
  status: number;
  body: string;
}

/** A request by node:http. (fetch would load a second HTTP client into the supervisor, which lives as long as the stack.) */
function http(url: string, options: RequestOptions & { timeout: number }): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = ask(url, { ...options, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${options.timeout / 1000} s`)));
    request.once('error', reject);
    request.end();
  });
}

/** Rejects after 5 s without an answer. */
export const httpGet = (url: string): Promise<HttpAnswer> => http(url, { timeout: 5_000 });

/** Rejects after 2 s without an answer. */
export const httpDelete = (url: string, token: string): Promise<HttpAnswer> =>
  http(url, { method: 'DELETE', headers: { authorization: `Bearer ${token}` }, timeout: 2_000 });
