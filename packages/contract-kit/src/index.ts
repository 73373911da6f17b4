export * from './words.js';
export * from './errors.js';
export * from './declare.js';
export * from './document.js';
export { placeholdersOf } from './placeholders.js';
export * from './documents.js';
