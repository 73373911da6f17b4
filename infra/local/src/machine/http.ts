import { request as send, type RequestOptions } from 'node:http';

export interface HttpResponse {
  status: number;
  body: string;
}

/** A request by node:http: fetch would load a second HTTP client into the supervisor, for as long as the stack runs. */
function http(url: string, options: RequestOptions & { timeout: number }): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const request = send(url, { ...options, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.once('timeout', () => request.destroy(new Error(`no response within ${options.timeout / 1000} s`)));
    request.once('error', reject);
    request.end();
  });
}

/** Rejects after 5 s without a response. */
export const httpGet = (url: string): Promise<HttpResponse> => http(url, { timeout: 5_000 });

/** Rejects after 2 s without a response. */
export const httpDelete = (url: string, token: string): Promise<HttpResponse> =>
  http(url, { method: 'DELETE', headers: { authorization: `Bearer ${token}` }, timeout: 2_000 });
