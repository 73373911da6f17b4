/** Declaring contracts, the words they share, and the contract as data. */
export type {
  CallerRule,
  Command,
  DataOf,
  ErrorCodeOf,
  Errors,
  Event,
  InputOf,
  KeyPath,
  Method,
  Operation,
  OutputOf,
  Query,
  RateLimit,
  Route,
  ServiceAbout,
  ServiceContract,
  State,
} from './declarations/declaration.js';
export { CURRENCIES, exponentOf, formatPrice, isCurrency } from './declarations/currencies.js';
export { command, declarationsOf, event, isOperation, query, service, state } from './declarations/declare.js';
export {
  commonErrors,
  OperationError,
  type BusinessErrorDetails,
  type ErrorDetails,
  type Problem,
} from './declarations/errors.js';
export { hasRole, OPERATOR_ROLES, type OperatorRole } from './declarations/operator-roles.js';
export { placeholdersOf } from './declarations/placeholders.js';
export { withoutLimits } from './declarations/without-limits.js';
export * from './declarations/words.js';
export { toDocument } from './document/to-document.js';
export * from './documents.js';
