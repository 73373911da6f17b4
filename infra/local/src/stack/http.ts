import { get } from 'node:http';

export interface HttpAnswer {
  status: number;
  body: string;
}

/**
 * A GET by node:http. (fetch would load a second HTTP client into the supervisor, which lives as long as the stack.)
 * Rejects after 5 s without an answer.
 */
export function httpGet(url: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: 5_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.once('timeout', () => request.destroy(new Error('no answer within 5 s')));
    request.once('error', reject);
  });
}
