/** Declaring contracts, the words they share, and the contract as data. */
export {
  command,
  declarationsOf,
  event,
  isOperation,
  query,
  service,
  state,
  type CallerRule,
  type Command,
  type DataOf,
  type ErrorCodeOf,
  type Errors,
  type Event,
  type InputOf,
  type KeyPath,
  type Method,
  type Operation,
  type OutputOf,
  type Query,
  type Route,
  type ServiceAbout,
  type ServiceContract,
  type State,
} from './declarations/declare.js';
export { commonErrors, OperationError, type BusinessErrorDetails, type Problem } from './declarations/errors.js';
export { placeholdersOf } from './declarations/placeholders.js';
export { withoutLimits } from './declarations/without-limits.js';
export * from './declarations/words.js';
export { toDocument } from './document/to-document.js';
export * from './documents.js';
