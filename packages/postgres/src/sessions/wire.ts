import type pg from 'pg';

/** The socket of a connection, as far as this package uses it. */
export interface Wire {
  cork(): void;
  uncork(): void;
  destroy(): void;
}

/** The socket of a connection, which pg's types do not show. */
export const wireOf = (client: pg.ClientBase): Wire =>
  (client as unknown as { connection: { stream: Wire } }).connection.stream;

/** Breaks a connection from this side, without waiting for a server that may be frozen. Its statements fail at once. */
export const breakConnection = (client: pg.ClientBase): void => wireOf(client).destroy();
