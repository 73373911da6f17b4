/** Injection token of a service's Database. */
export const DATABASE = Symbol('stoa.database');
