import type { Readable } from 'node:stream';

/** Names in lower case, each with its one value. */
export type Headers = Readonly<Record<string, string>>;

/** A response before it is sent. `ResponseSender` adds the headers that all responses have. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer | string | Readable | undefined;
}

/** A response whose body is JSON. @param json the text of the body */
export const jsonResponse = (json: Buffer | string, headers: Headers, status = 200): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: json,
});

/** The same response with further headers. */
export const withHeaders = (response: HttpResponse, more: Headers): HttpResponse => ({
  ...response,
  headers: { ...response.headers, ...more },
});
