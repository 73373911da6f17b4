import type { IncomingMessage } from 'node:http';
import type { TraceContext } from '@stoa/service';

/** One HTTP request on its way through the gateway. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly method: string;
  /** Path and query string as they came. */
  readonly target: string;
  /** The client's, as far as the proxies before us are to be believed. */
  readonly address: string;
  readonly trace: TraceContext;
  /** When it came, by performance.now(). */
  readonly arrival: number;
  /** `service.operation` once it is known, for metrics and logs. */
  operation: string | undefined;
  /** How much of its JSON body is held. */
  bodyBytes: number;
}

/** The path without the query string. */
export const pathOf = (target: string): string => {
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
};

/** A header that may be given once; several are taken as one with commas. */
export const headerOf = ({ request }: Exchange, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
};
