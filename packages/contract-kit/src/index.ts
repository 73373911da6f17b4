export * from './words.js';
export * from './errors.js';
export * from './declare.js';
export * from './document.js';
export { placeholdersOf } from './check-declaration.js';
export { describeChange, type BreakingChange } from './compatibility/breaking-change.js';
export { findBreakingChanges } from './compatibility/find-breaking-changes.js';
export { findRouteConflicts } from './compatibility/route-conflicts.js';
