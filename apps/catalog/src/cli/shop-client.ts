import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '@stoa/cli';

export interface Operator {
  readonly email: string;
  readonly password: string;
}

class Unreachable extends CliError {
  constructor({ origin }: URL, { message }: Error) {
    super(`The shop at ${origin} can't be reached (${message}). Is it running? npm start`);
  }
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
}

/** Statuses of errors that are transient: too many requests, a service that is starting. */
const TRANSIENT = new Set([429, 503, 504]);
const MAX_TRIES = 30;

/** Talks to the shop over HTTP as its operator. */
export class ShopClient {
  private token: string | undefined;

  constructor(
    private readonly url: URL,
    private readonly operator: Operator,
  ) {}

  /** The JSON body of the response to a request that can be sent again. @throws CliError */
  async json<T>(call: Call & { readonly body?: string }): Promise<T> {
    for (let tries = 1; ; tries++) {
      const response = await this.reach(call, tries);
      const status = response?.statusCode ?? 0;
      if (response && status < 300) return JSON.parse(await text(response)) as T;
      const error = response && (await errorOf(response));
      // Tokens live for minutes, imports for longer.
      if (status === 401 && tries === 1) this.token = undefined;
      else if (error && (!TRANSIENT.has(status) || tries >= MAX_TRIES)) throw error;
      else await sleep(1_000 * Number(response?.headers['retry-after'] ?? 1));
    }
  }

  /**
   * Null when a shop that was reached before is unavailable: an import goes on without us, and so should the polling.
   */
  private async reach(call: Call, tries: number): Promise<IncomingMessage | null> {
    const wasThere = this.token !== undefined;
    try {
      return await this.send(call);
    } catch (error) {
      if (wasThere && error instanceof Unreachable && tries < MAX_TRIES) return null;
      throw error;
    }
  }

  /**
   * The response to a request with a long body, or to one with a long response; sent once.
   * @throws CliError for an error
   */
  async stream(call: Call): Promise<IncomingMessage> {
    const response = await this.send(call);
    if ((response.statusCode ?? 0) < 300) return response;
    throw await errorOf(response);
  }

  private async send(call: Call): Promise<IncomingMessage> {
    this.token ??= await this.signIn();
    return this.exchange({ ...call, headers: { ...call.headers, authorization: `Bearer ${this.token}` } });
  }

  private async signIn(): Promise<string> {
    const body = JSON.stringify(this.operator);
    const headers = { 'content-type': 'application/json' };
    const response = await this.exchange({ method: 'POST', path: '/v1/sessions', headers, body });
    if (response.statusCode !== 201)
      throw new CliError(`Signing in as ${this.operator.email} failed: ${(await errorOf(response)).message}`);
    return (JSON.parse(await text(response)) as { accessToken: string }).accessToken;
  }

  /**
   * Not fetch: it loses a response that comes before the body is sent, and a bad file is refused by its first bytes.
   */
  private exchange({ method, path, headers = {}, body }: Call): Promise<IncomingMessage> {
    const open = this.url.protocol === 'https:' ? httpsRequest : httpRequest;
    const options: RequestOptions = { method, headers };
    return new Promise((resolve, reject) => {
      const request = open(new URL(path, this.url), options);
      request.once('response', resolve);
      request.on('error', (error) => reject(new Unreachable(this.url, error)));
      if (body === undefined || typeof body === 'string') {
        request.end(body);
        return;
      }
      body.once('error', (error) => request.destroy(error));
      body.pipe(request);
    });
  }
}

/** The shop's problem details as an error. */
async function errorOf(response: IncomingMessage): Promise<CliError> {
  const body = await text(response).catch(() => '');
  try {
    const { detail, title } = JSON.parse(body) as { detail?: string; title?: string };
    return new CliError(detail ?? title ?? `HTTP ${response.statusCode}`);
  } catch {
    return new CliError(`The shop responded with HTTP ${response.statusCode}`);
  }
}
