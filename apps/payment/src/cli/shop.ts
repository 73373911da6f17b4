import { setTimeout as pause } from 'node:timers/promises';
import { CliError, reason } from '@stoa/cli';
import type { PaymentDetails, PaymentSummary } from '@stoa/payment-contract';

const TIMEOUT_MS = 30_000;
const MAX_TRIES = 10;
const TRANSIENT = new Set([429, 503, 504]);

interface Page {
  readonly items: readonly PaymentSummary[];
  readonly next: string | null;
}

/** The shop's payments, as its operator sees them over HTTP. */
export class Shop {
  private token: string | undefined;

  constructor(
    private readonly url: string,
    private readonly operator: { readonly email: string; readonly password: string },
  ) {}

  /** Payments that began in a time, the oldest first. @throws CliError */
  async *payments(from: Date, until: Date): AsyncGenerator<PaymentSummary> {
    const query = { from: from.toISOString(), until: until.toISOString(), order: 'asc', limit: '100' };
    let cursor: string | null = null;
    do {
      const search = new URLSearchParams({ ...query, ...(cursor !== null && { cursor }) });
      const page: Page | undefined = await this.get<Page>(`/v1/payments?${search.toString()}`);
      yield* page?.items ?? [];
      cursor = page?.next ?? null;
    } while (cursor !== null);
  }

  /** @returns undefined: there is none. @throws CliError */
  payment(id: string): Promise<PaymentDetails | undefined> {
    return this.get<PaymentDetails>(`/v1/payments/${id}`);
  }

  private async get<T>(path: string): Promise<T | undefined> {
    for (let tries = 1; ; tries += 1) {
      this.token ??= await this.signIn();
      const response = await this.send(path, { headers: { authorization: `Bearer ${this.token}` } });
      if (response.status === 404) return undefined;
      if (response.ok) return (await response.json()) as T;
      // Tokens are short-lived.
      if (response.status === 401 && tries === 1) this.token = undefined;
      else if (!TRANSIENT.has(response.status) || tries >= MAX_TRIES) throw await errorOf(response);
      else await pause(1_000 * Number(response.headers.get('retry-after') ?? 1));
    }
  }

  private async signIn(): Promise<string> {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(this.operator);
    const response = await this.send('/v1/sessions', { method: 'POST', headers, body });
    if (!response.ok) throw await errorOf(response);
    return ((await response.json()) as { accessToken: string }).accessToken;
  }

  private async send(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(new URL(path, this.url), { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      throw new CliError(`The shop at ${this.url} can't be reached (${reason(error)}). Is it running? npm start`);
    }
  }
}

async function errorOf(response: Response): Promise<CliError> {
  const body = (await response.json().catch(() => ({}))) as { detail?: string; title?: string };
  return new CliError(body.detail ?? body.title ?? `The shop responded with HTTP ${response.status}`);
}
