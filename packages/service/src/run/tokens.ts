/** Injection token of the service's configuration, as its zod schema reads it. */
export const CONFIG = Symbol('stoa.config');

/** Injection token of the process's Logger. */
export const LOGGER = Symbol('stoa.logger');
