/**
 * Errors that any operation may have, beside those its contract declares. The transport, the gateway and the
 * service kit raise them; a contract must not declare a code of the same name.
 */
export const commonErrors = {
  INVALID_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  UNKNOWN_OPERATION: 404,
  IDEMPOTENCY_KEY_REUSED: 409,
  STALE_VERSION: 412,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  RESPONSE_TOO_LARGE: 500,
  UNSUPPORTED_CONTRACT_VERSION: 503,
  OVERLOADED: 503,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
} as const satisfies Record<string, number>;

export type CommonErrorCode = keyof typeof commonErrors;

/** One thing that is wrong with an input: where (JSON pointer, e.g. `/quantity`) and what to do. */
export interface Problem {
  readonly pointer: string;
  readonly detail: string;
}

/** JSON that a business error has besides its code: the quote that holds now, the lines that are short. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * Details of an error: what is wrong with the input, after how many seconds the same may succeed, or the error's own.
 */
export type BusinessErrorDetails =
  | readonly Problem[]
  | { readonly retryAfterSeconds: number }
  | { readonly details: ErrorDetails };

/**
 * A business error that a contract names, or one of the common errors. Carried over Kafka as code, detail and details;
 * the gateway maps the code to the contract's HTTP status, and the seconds to Retry-After. The domain knows only the
 * code.
 */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly problems: readonly Problem[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly details: ErrorDetails | undefined;
  constructor(
    readonly code: string,
    detail?: string,
    details: BusinessErrorDetails = [],
  ) {
    super(detail ?? code);
    this.problems = 'length' in details && details.length > 0 ? details : undefined;
    this.retryAfterSeconds = 'retryAfterSeconds' in details ? details.retryAfterSeconds : undefined;
    this.details = 'details' in details ? details.details : undefined;
  }
}
