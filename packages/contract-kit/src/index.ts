export * from './declarations/words.js';
export * from './declarations/errors.js';
export * from './declarations/declare.js';
export * from './document/to-document.js';
export { placeholdersOf } from './declarations/placeholders.js';
export * from './documents.js';
export { withoutLimits } from './declarations/without-limits.js';
