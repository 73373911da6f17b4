/** Injection token of the lookup keyspace's database. */
export const LOOKUP = Symbol('profile.lookup');
